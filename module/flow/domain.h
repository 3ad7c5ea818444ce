/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domain.h - what each IOMMU domain holds and who uses it
 */
#ifndef IVS_DOMAIN_H
#define IVS_DOMAIN_H

#include <linux/iommu.h>

#include "../base/op.h"
#include "../base/params.h"
#include "../base/record.h"
#include "extent.h"

struct device;

/* Why the live numbers of a domain may differ from its page table. */
enum ivs_inexact {
	/* It existed before the module was loaded. */
	IVS_INEXACT_OLDER,
	/* A probe was missed while it lived. */
	IVS_INEXACT_MISSED,
	/* A range could not be remembered. */
	IVS_INEXACT_RANGES,
	/* A task died inside a map or unmap. */
	IVS_INEXACT_DIED,
	/* A map failed and may have left leaves; no census has looked since. */
	IVS_INEXACT_FAILED,
	IVS_NR_INEXACT,
};

/**
 * struct ivs_domain - one IOMMU domain
 * @rec: its record; the key is the address of the struct iommu_domain
 * @lock: protects @extents; raw, irq-safe, under nothing but RCU
 * @extents: the leaves it holds
 * @type: struct iommu_domain type
 * @levels: depth of its page table, 0 as long as nothing was mapped
 * @backend: who maps into it
 * @inexact: bit set of enum ivs_inexact
 * @missed: calls missed before it was made
 * @nested: hits refused in interrupts before
 * @silences: times that all probes were found to be silent before it was made
 * @failed: maps that failed and may have left leaves behind
 * @looked: and of those, that a census has found to have left none
 * @begun: maps and unmaps that began
 * @ended: and of those, that are in the numbers
 * @aperture_last: last IOVA that its table can reach, 0 as long as unknown
 * @space: container or IOAS that it serves, compared only; 0 for unknown
 * @baseline: @extents began with what was in the page table
 */
struct ivs_domain {
	struct ivs_record rec;
	raw_spinlock_t lock;
	struct ivs_extents extents;
	unsigned int type;
	u8 levels;
	u8 backend;
	unsigned long inexact;
	u64 missed;
	u64 nested;
	unsigned int silences;
	atomic64_t failed;
	u64 looked;
	atomic64_t begun;
	atomic64_t ended;
	u64 aperture_last;
	unsigned long space;
	bool baseline;
};

extern struct ivs_table ivs_domains;

static inline struct ivs_domain *to_ivs_domain(struct ivs_record *record)
{
	return container_of(record, struct ivs_domain, rec);
}

/* ivs_domain_tracked - does a domain get a record? Most calls end with this. */
static inline bool ivs_domain_tracked(const struct iommu_domain *domain)
{
	return domain->type == IOMMU_DOMAIN_UNMANAGED ||
	       (ivs_dma_api && domain->type & __IOMMU_DOMAIN_DMA_API);
}

int ivs_domain_init(void);
void ivs_domain_exit(void);
void ivs_domain_extents_init(struct ivs_extents *extents);

struct ivs_domain *ivs_domain_get(const struct iommu_domain *domain,
				  enum ivs_backend backend, u64 now_ns);
struct ivs_domain *ivs_domain_by_id(u64 id);
void ivs_domain_new(const struct iommu_domain *domain,
		    enum ivs_backend backend);
u64 ivs_domain_begin(const struct iommu_domain *domain,
		     enum ivs_backend backend, u64 entered);
void ivs_domain_end(struct ivs_domain *dom);
void ivs_domain_died(u64 id);
bool ivs_domain_quiet(const struct ivs_domain *dom, u64 *events);
bool ivs_domain_extent(struct ivs_domain *dom, u64 iova, struct ivs_span *span);
void ivs_domain_flow(struct ivs_domain *dom, u64 leaves[IVS_NR_LEAVES]);
unsigned long ivs_domain_inexact(const struct ivs_domain *dom);
bool ivs_domain_wants_baseline(const struct ivs_domain *dom);
int ivs_domain_seed(struct ivs_domain *dom, struct ivs_extents *extents,
		    unsigned int levels, u64 events);
void ivs_domain_seed_verified(struct ivs_domain *dom);
void ivs_domain_device(struct device *dev, u64 domain);
void ivs_domain_map(struct ivs_domain *dom, const struct iommu_domain *domain,
		    u64 iova, u64 phys, u64 size, u64 leaves[IVS_NR_LEAVES],
		    const struct ivs_scope *scope);
void ivs_domain_map_failed(struct ivs_domain *dom,
			   const struct iommu_domain *domain);
void ivs_domain_looked(struct ivs_domain *dom, u64 failed);
void ivs_domain_unmap(struct ivs_domain *dom, u64 iova, u64 size,
		      struct ivs_removed *removed,
		      const struct ivs_scope *scope);
void ivs_domain_attach(const struct iommu_domain *domain, struct device *dev,
		       enum ivs_backend backend, unsigned long space);
u64 ivs_domain_free(const struct iommu_domain *domain);

#endif /* IVS_DOMAIN_H */
