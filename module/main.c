// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - load and unload
 *
 * Order of loading: storage, units, probes, baseline, files. A probe may fire as
 * soon as it is armed, so everything it counts into exists before; the baseline
 * looks for older domains after the probes are armed, so that nothing falls
 * between; files come last because reading them uses all of it. Unloading is
 * the reverse. Nothing is armed on a machine that has not loaded the module.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "base/params.h"
#include "base/stats.h"
#include "base/work.h"
#include "census/dmar.h"
#include "flow/device.h"
#include "flow/domain.h"
#include "flow/flight.h"
#include "flow/live.h"
#include "flow/probe.h"
#include "flow/process.h"
#include "flow/refusal.h"
#include "flow/rows.h"
#include "baseline.h"
#include "debugfs.h"

bool ivs_dma_api;
module_param_named(dma_api, ivs_dma_api, bool, 0444);
MODULE_PARM_DESC(dma_api,
		 "count the host's own DMA-API domains too (default: no)");

bool ivs_read_older = true;
module_param_named(baseline, ivs_read_older, bool, 0444);
MODULE_PARM_DESC(baseline,
		 "begin with what older domains hold by now (default: yes)");

static unsigned int refusals = 512;
module_param(refusals, uint, 0444);
MODULE_PARM_DESC(refusals,
		 "calls that failed to remember, 8 to 65536 (default: 512)");

static unsigned int regions = 8192;
module_param(regions, uint, 0444);
MODULE_PARM_DESC(regions,
		 "regions that are mapped to remember, 1 to 1048576 (default: 8192)");

static char *skip;
module_param(skip, charp, 0444);
MODULE_PARM_DESC(skip,
		 "probes to leave off, comma-separated names as in the file \"probes\"");

static int __init iovascope_init(void)
{
	int ret;

	ret = ivs_work_init();
	if (ret)
		return ret;
	ret = ivs_stats_init();
	if (ret)
		goto err_work;
	ret = ivs_table_init(&ivs_processes);
	if (ret)
		goto err_stats;
	ret = ivs_refusal_init(refusals);
	if (ret)
		goto err_processes;
	ret = ivs_live_init(regions);
	if (ret)
		goto err_refusals;
	ret = ivs_device_init();
	if (ret)
		goto err_regions;
	ret = ivs_domain_init();
	if (ret)
		goto err_devices;
	ret = ivs_dmar_init();
	if (ret)
		goto err_domains;
	ret = ivs_flight_init();
	if (ret)
		goto err_units;
	ret = ivs_rows_init(skip);
	if (ret)
		goto err_calls;
	ret = ivs_probes_check_required();
	if (ret)
		goto err_probes;
	ivs_baseline();
	ret = ivs_debugfs_init();
	if (ret)
		goto err_probes;
	return 0;

err_probes:
	ivs_probes_exit();
err_calls:
	ivs_flight_exit();
err_units:
	ivs_dmar_exit();
err_domains:
	ivs_domain_exit();
err_devices:
	ivs_device_exit();
err_regions:
	ivs_live_exit();
err_refusals:
	ivs_refusal_exit();
err_processes:
	ivs_process_exit();
err_stats:
	ivs_stats_exit();
err_work:
	ivs_work_exit();
	return ret;
}

static void __exit iovascope_exit(void)
{
	ivs_debugfs_exit();
	ivs_probes_exit();
	ivs_flight_exit();
	ivs_dmar_exit();
	ivs_domain_exit();
	ivs_device_exit();
	ivs_live_exit();
	ivs_refusal_exit();
	ivs_process_exit();
	ivs_stats_exit();
	ivs_work_exit();
}

module_init(iovascope_init);
module_exit(iovascope_exit);

MODULE_DESCRIPTION("What the IOMMU maps, at which leaf size, and what it costs");
MODULE_LICENSE("GPL");
MODULE_VERSION(IVS_VERSION);
