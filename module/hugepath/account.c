// SPDX-License-Identifier: GPL-2.0-only
/*
 * account.c - RLIMIT_MEMLOCK
 *
 * Model. What a region pins counts in locked_vm of the process that mapped it,
 * in 4K pages, each time it is mapped and whole: a page mapped twice counts
 * twice, a hugetlb folio counts as far as it is mapped, a BAR does not count.
 * That is type1's way, to the page. The count is kept with the region, because
 * who unmaps may be another process, and who mapped may be gone: its mm is
 * grabbed, not used, and what is left of it then has no limit to restore.
 */
#define pr_fmt(fmt) "iovascope_hugepath: " fmt

#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "hugepath.h"

/**
 * hp_account - count pages of the calling process
 * @region: whose
 * @npage: 4K pages, just pinned
 *
 * Return: 0, -ENOMEM beyond the limit, -EINTR when the caller is being killed.
 */
int hp_account(struct hp_region *region, unsigned long npage)
{
	int ret;

	if (!npage)
		return 0;
	ret = mmap_write_lock_killable(region->mm);
	if (ret)
		return ret;
	ret = __account_locked_vm(region->mm, npage, true, current,
				  region->lock_cap);
	mmap_write_unlock(region->mm);
	if (ret)
		pr_warn_ratelimited("RLIMIT_MEMLOCK (%lu) exceeded\n",
				    rlimit(RLIMIT_MEMLOCK));
	else
		region->locked += npage;
	return ret;
}

/**
 * hp_unaccount - count nothing of a region any more
 * @region: of any process
 *
 * Not killable: the count belongs to somebody who may live on.
 */
void hp_unaccount(struct hp_region *region)
{
	if (!region->locked || !mmget_not_zero(region->mm))
		return;
	mmap_write_lock(region->mm);
	__account_locked_vm(region->mm, region->locked, false, current, true);
	mmap_write_unlock(region->mm);
	mmput(region->mm);
	region->locked = 0;
}
