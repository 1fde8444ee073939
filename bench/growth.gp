# SPDX-License-Identifier: GPL-2.0
# How the cost of operations grows: build/bench/growth.png. Runs where bench/run.py
# has put a file ROW.BACKEND for each line to draw.
set terminal pngcairo size 1500,1000 font "sans,10"
set output "../growth.png"
set multiplot layout 2,3 title "Instructions an operation"
set key left top
set logscale x
set grid
set ylabel "instructions"
backends = "none v1 v2 favordynmods rc"

# A kernel that lacks an operation has no file for it.
drawn(row) = system("for b in ".backends."; do test -e ".row.".$b && printf '%s ' $b; done; true")

lines = 'there = drawn(row); if (there ne "") plot for [b in there] row.".".b title b with linespoints; else set multiplot next'

set title "list a group"
set xlabel "tasks in it"
set logscale y
row = "list"; @lines

set title "move a process"
set xlabel "its threads"
row = "attach-threads"; @lines
unset logscale y

set yrange [0:*]
set title "mkdir and rmdir of a group"
set xlabel "other groups in the directory"
row = "mkdir-rmdir-beside"; @lines

set title "move a task"
set xlabel "depth of the groups"
row = "attach"; @lines

set title "read the groups of a task"
set xlabel "hierarchies with a group that it is in"
row = "membership"; @lines

unset logscale x
set yrange [*:*]
set title "vfork and exit in groups"
set xlabel "hierarchies with a group"
row = "vfork-exit"; @lines
unset multiplot
