# SPDX-License-Identifier: GPL-2.0
"""What the user guide promises, as a program: see world.py."""
