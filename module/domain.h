/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domain.h - what each IOMMU domain holds and who uses it
 */
#ifndef IVS_DOMAIN_H
#define IVS_DOMAIN_H

#include "extent.h"
#include "record.h"

struct device;
struct iommu_domain;
struct seq_file;

/* Who serves the VFIO container that a domain belongs to. */
enum ivs_backend {
	IVS_BACKEND_NONE,
	IVS_BACKEND_TYPE1,
	IVS_BACKEND_OTHER,
	IVS_NR_BACKENDS,
};

/* Why the live numbers of a domain may differ from its page table. */
enum ivs_inexact {
	/* It existed before the module was loaded. */
	IVS_INEXACT_OLDER,
	/* A probe was missed while it lived. */
	IVS_INEXACT_MISSED,
	/* A range could not be remembered. */
	IVS_INEXACT_RANGES,
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
 * @missed: probe hits missed before it was made
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
};

extern struct ivs_table ivs_domains;

static inline struct ivs_domain *to_ivs_domain(struct ivs_record *record)
{
	return container_of(record, struct ivs_domain, rec);
}

int ivs_domain_init(void);
void ivs_domain_exit(void);
void ivs_domain_baseline(void);

bool ivs_domain_tracked(const struct iommu_domain *domain);
struct ivs_domain *ivs_domain_get(const struct iommu_domain *domain,
				  enum ivs_backend backend);
struct ivs_domain *ivs_domain_find(const struct iommu_domain *domain);
void ivs_domain_map(struct ivs_domain *dom, const struct iommu_domain *domain,
		    u64 iova, u64 phys, u64 size, u64 leaves[IVS_NR_LEAVES],
		    const struct ivs_scope *scope);
void ivs_domain_unmap(struct ivs_domain *dom, u64 iova, u64 size,
		      struct ivs_removed *removed,
		      const struct ivs_scope *scope);
void ivs_domain_attach(const struct iommu_domain *domain, struct device *dev,
		       enum ivs_backend backend);
void ivs_domain_free(const struct iommu_domain *domain);
void ivs_domain_schema(struct seq_file *m);
void ivs_domain_show(struct seq_file *m, struct ivs_domain *dom);

#endif /* IVS_DOMAIN_H */
