// SPDX-License-Identifier: GPL-2.0
/* Offenders and right code for nsproxy-kept.cocci; not built. */

static int kept_init(void)
{
	struct nsproxy *ns = current->nsproxy;

	mutex_lock(&lock);
	return use(ns->uts_ns);
}

static int kept_assigned(void)
{
	struct nsproxy *ns;

	ns = current->nsproxy;
	buf = kmalloc(10, GFP_KERNEL);
	if (ns->net_ns)
		return 1;
	return 0;
}

static int kept_in_loop(void)
{
	struct nsproxy *ns = current->nsproxy;
	int sum = 0;

	while (more())
		sum += ns->net_ns->count;
	return sum;
}

static int kept_on_one_path(int how)
{
	struct nsproxy *ns = current->nsproxy;

	if (how)
		wait_for(how);
	else
		return 0;
	return ns->net_ns->count;
}

static int kept_with_cleanup(void)
{
	struct nsproxy *ns __free(thing) = current->nsproxy;

	mutex_lock(&lock);
	return use(ns->uts_ns);
}

static struct net *unlocked(struct task_struct *t)
{
	return t->nsproxy->net_ns;
}

static struct net *unlocked_again(struct task_struct *t)
{
	task_lock(t);
	if (!t->nsproxy)
		goto out;
	task_unlock(t);
	return t->nsproxy->net_ns;
out:
	task_unlock(t);
	return NULL;
}

static struct net *unlocked_static(void)
{
	return init_task.nsproxy->net_ns;
}

static struct net **address(void)
{
	return &current->nsproxy->net_ns;
}

static struct nsproxy *returned(void)
{
	return current->nsproxy;
}

static void passed_on(void)
{
	keep(current->nsproxy);
}

static void stored(struct holder *h)
{
	h->ns = current->nsproxy;
}

static void unsequenced(void)
{
	connect(current->nsproxy->net_ns, resolve(3), 4);
}

static int right_at_once(void)
{
	mutex_lock(&lock);
	use(current->nsproxy->net_ns, 3);
	mutex_unlock(&lock);
	return current->nsproxy->net_ns->count;
}

static int right_read_again(void)
{
	struct nsproxy *ns = current->nsproxy;
	int n = ns->net_ns->count;

	mutex_lock(&lock);
	ns = current->nsproxy;
	return n + ns->net_ns->count;
}

static struct net *right_locked(struct task_struct *t)
{
	struct net *net = NULL;
	struct nsproxy *ns;

	task_lock(t);
	ns = t->nsproxy;
	if (ns)
		net = get_net(ns->net_ns);
	task_unlock(t);
	return net;
}

static int right_pinned(struct task_struct *t)
{
	struct nsproxy *ns __free(put_nsproxy) = NULL;

	scoped_guard(task_lock, t) {
		ns = t->nsproxy;
		if (ns)
			get_nsproxy(ns);
	}
	if (!ns)
		return -ESRCH;
	mutex_lock(&lock);
	return use(ns->net_ns);
}

static struct uts_namespace *right_namespace_kept(void)
{
	struct uts_namespace *uts = current->nsproxy->uts_ns;

	mutex_lock(&lock);
	return &uts->name;
}

static int right_private(struct nsset *set)
{
	struct nsproxy *ns = set->nsproxy;

	mutex_lock(&lock);
	return use(ns->net_ns);
}
