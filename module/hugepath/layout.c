// SPDX-License-Identifier: GPL-2.0-only
/*
 * layout.c - proof that VFIO's private structure is the one we know
 *
 * Model. struct vfio_iommu_driver_ops is private to VFIO; no checksum and no
 * compiler notices when it changes. The running kernel describes its types in
 * BTF, in /sys/kernel/btf: there every member must be one we know, at the
 * offset we compiled, and what VFIO calls must take as many arguments as we do.
 * Fewer members than ours are fine, since we leave out what we do not set. A
 * kernel without BTF proves nothing and is refused.
 *
 * The BTF of a module continues that of vmlinux: its type ids and the offsets
 * of its strings begin where those of vmlinux end.
 *
 * Lifetime: both files are read, used and freed while the module loads.
 */
#define pr_fmt(fmt) "iovascope_hugepath: " fmt

#include "compat.h"
#include "hugepath.h"
#include "vfio_ops.h"

#ifdef HP_COMPAT_VFIO_OPS_PUBLIC

int hp_layout_check(void)
{
	return 0;
}

#else

#include <linux/btf.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

struct btf_file {
	void *data;
	const void *types;
	const void *types_end;
	const char *strings;
	u32 strings_len;
};

/* vmlinux and, when VFIO is no part of it, vfio. */
#define MAX_FILES 2

struct kernel_types {
	struct btf_file files[MAX_FILES];
	unsigned int nr;
};

/* sysfs gives a page at a time. */
static int file_read_all(struct file *from, void *data, size_t size)
{
	loff_t pos = 0;
	ssize_t got;

	while (pos < size) {
		got = kernel_read(from, data + pos, size - pos, &pos);
		if (got <= 0)
			return got ?: -EIO;
	}
	return 0;
}

static int btf_check_header(struct btf_file *file, size_t size)
{
	const struct btf_header *header = file->data;

	if (size < sizeof(*header) || header->magic != BTF_MAGIC ||
	    header->hdr_len > size || header->str_len < 1 ||
	    (u64)header->hdr_len + header->type_off + header->type_len > size ||
	    (u64)header->hdr_len + header->str_off + header->str_len > size)
		return -EINVAL;
	file->types = file->data + header->hdr_len + header->type_off;
	file->types_end = file->types + header->type_len;
	file->strings = file->data + header->hdr_len + header->str_off;
	file->strings_len = header->str_len;
	return file->strings[file->strings_len - 1] ? -EINVAL : 0;
}

/*
 * Not by kernel_read_file(): it asks the security modules for a policy for what
 * is read, and some of them warn about a kind that they do not know.
 */
static int btf_read_file(const char *path, struct btf_file *file)
{
	struct file *from = filp_open(path, O_RDONLY, 0);
	size_t size;
	int ret;

	if (IS_ERR(from))
		return PTR_ERR(from);
	size = i_size_read(file_inode(from));
	file->data = vmalloc(size);
	ret = file->data ? file_read_all(from, file->data, size) : -ENOMEM;
	if (!ret)
		ret = btf_check_header(file, size);
	if (ret)
		vfree(file->data);
	filp_close(from, NULL);
	return ret;
}

static const char *btf_name(const struct kernel_types *kt, u32 offset)
{
	unsigned int i;

	for (i = 0; i < kt->nr; i++) {
		if (offset < kt->files[i].strings_len)
			return kt->files[i].strings + offset;
		offset -= kt->files[i].strings_len;
	}
	return "";
}

/* The type behind this one; NULL for a kind we do not know. */
static const struct btf_type *btf_next_type(const struct btf_type *type)
{
	size_t nr = BTF_INFO_VLEN(type->info), more;

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
		more = sizeof(u32);
		break;
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		more = 0;
		break;
	case BTF_KIND_ARRAY:
		more = sizeof(struct btf_array);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		more = nr * sizeof(struct btf_member);
		break;
	case BTF_KIND_ENUM:
		more = nr * sizeof(struct btf_enum);
		break;
	case BTF_KIND_ENUM64:
		more = nr * sizeof(struct btf_enum64);
		break;
	case BTF_KIND_FUNC_PROTO:
		more = nr * sizeof(struct btf_param);
		break;
	case BTF_KIND_VAR:
		more = sizeof(struct btf_var);
		break;
	case BTF_KIND_DATASEC:
		more = nr * sizeof(struct btf_var_secinfo);
		break;
	case BTF_KIND_DECL_TAG:
		more = sizeof(struct btf_decl_tag);
		break;
	default:
		return NULL;
	}
	return (const void *)(type + 1) + more;
}

/*
 * The first type that is wanted, by its id or, with id 0, by being a structure
 * of that name; NULL when there is none.
 */
static const struct btf_type *btf_find_type(const struct kernel_types *kt,
					    u32 id, const char *name)
{
	const struct btf_type *type, *next;
	/* 0 is void and not in the file. */
	u32 current_id = 1;
	unsigned int i;

	for (i = 0; i < kt->nr; i++) {
		const void *end = kt->files[i].types_end;

		for (type = kt->files[i].types; (const void *)(type + 1) <= end;
		     type = next, current_id++) {
			next = btf_next_type(type);
			if (!next || (const void *)next > end)
				return NULL;
			if (id ? id == current_id :
				 BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT &&
				 !strcmp(btf_name(kt, type->name_off), name))
				return type;
		}
	}
	return NULL;
}

/* ---- the proof ---- */

struct known_member {
	const char *name;
	/* What was there up to 5.19, a pointer too; we never set it. */
	const char *old_name;
	u32 offset;
	/* Of the functions that we have. */
	u32 nr_args;
};

#define MEMBER(member, args) { \
	.name = #member, \
	.offset = offsetof(struct vfio_iommu_driver_ops, member), \
	.nr_args = args, \
}

#define RENAMED_MEMBER(member, old) { \
	.name = #member, \
	.old_name = old, \
	.offset = offsetof(struct vfio_iommu_driver_ops, member), \
}

static const struct known_member known_members[] = {
	MEMBER(name, 0),
	MEMBER(owner, 0),
	MEMBER(open, 1),
	MEMBER(release, 1),
	MEMBER(ioctl, 3),
	MEMBER(attach_group, 3),
	MEMBER(detach_group, 2),
	MEMBER(pin_pages, 0),
	MEMBER(unpin_pages, 0),
	RENAMED_MEMBER(register_device, "register_notifier"),
	RENAMED_MEMBER(unregister_device, "unregister_notifier"),
	MEMBER(dma_rw, 0),
	MEMBER(group_iommu_domain, 0),
	MEMBER(notify, 0),
};

/* Up to here we set them, so that they have to be there. */
#define NR_NEEDED_MEMBERS 7

static bool member_takes_args(const struct kernel_types *kt, u32 pointer,
			      u32 nr_args)
{
	const struct btf_type *type = btf_find_type(kt, pointer, NULL);

	if (!type || BTF_INFO_KIND(type->info) != BTF_KIND_PTR)
		return false;
	type = btf_find_type(kt, type->type, NULL);
	return type && BTF_INFO_KIND(type->info) == BTF_KIND_FUNC_PROTO &&
	       BTF_INFO_VLEN(type->info) == nr_args;
}

static bool member_has_name(const struct known_member *known, const char *name)
{
	return !strcmp(name, known->name) ||
	       (known->old_name && !strcmp(name, known->old_name));
}

static bool member_is_known(const struct kernel_types *kt,
			    const struct btf_member *member,
			    const struct known_member *known)
{
	const char *name = btf_name(kt, member->name_off);

	if (!member_has_name(known, name) ||
	    member->offset != known->offset * BITS_PER_BYTE ||
	    (known->nr_args &&
	     !member_takes_args(kt, member->type, known->nr_args))) {
		pr_err("this kernel's struct vfio_iommu_driver_ops has \"%s\" where \"%s\" was expected; not registering\n",
		       name, known->name);
		return false;
	}
	return true;
}

static int layout_check_struct(const struct kernel_types *kt)
{
	const struct btf_type *type;
	const struct btf_member *members;
	u32 nr, i;

	type = btf_find_type(kt, 0, "vfio_iommu_driver_ops");
	if (!type) {
		pr_err("this kernel's BTF has no struct vfio_iommu_driver_ops; not registering\n");
		return -EOPNOTSUPP;
	}
	nr = BTF_INFO_VLEN(type->info);
	members = (const struct btf_member *)(type + 1);
	if (nr < NR_NEEDED_MEMBERS || nr > ARRAY_SIZE(known_members) ||
	    type->size > sizeof(struct vfio_iommu_driver_ops)) {
		pr_err("this kernel's struct vfio_iommu_driver_ops has %u members; not registering\n",
		       nr);
		return -ENOEXEC;
	}
	for (i = 0; i < nr; i++)
		if (!member_is_known(kt, &members[i], &known_members[i]))
			return -ENOEXEC;
	return 0;
}

/**
 * hp_layout_check - is VFIO's structure what we compiled?
 *
 * Return: 0, -EOPNOTSUPP when there is nothing to tell it by, -ENOEXEC when it
 * is not; with a line in the log.
 */
int hp_layout_check(void)
{
	struct kernel_types kt = {};
	unsigned int i;
	int ret;

	ret = btf_read_file("/sys/kernel/btf/vmlinux", &kt.files[0]);
	if (ret) {
		pr_err("no BTF to prove VFIO's private structure by (%d); not registering\n",
		       ret);
		return -EOPNOTSUPP;
	}
	kt.nr = 1;
	/* Missing when VFIO is built in. */
	if (!btf_read_file("/sys/kernel/btf/vfio", &kt.files[1]))
		kt.nr = 2;
	ret = layout_check_struct(&kt);
	for (i = 0; i < kt.nr; i++)
		vfree(kt.files[i].data);
	return ret;
}

#endif /* HP_COMPAT_VFIO_OPS_PUBLIC */
