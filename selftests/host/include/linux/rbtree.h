/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's rbtree interface over a plain binary tree: order is what the
 * tests are about, balance is not.
 */
#ifndef HOST_LINUX_RBTREE_H
#define HOST_LINUX_RBTREE_H

#include <linux/kernel.h>
#include <stddef.h>

struct rb_node {
	struct rb_node *parent;
	struct rb_node *rb_left;
	struct rb_node *rb_right;
};

struct rb_root {
	struct rb_node *rb_node;
};

#define rb_entry(ptr, type, member) container_of(ptr, type, member)

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	*node = (struct rb_node){ .parent = parent };
	*link = node;
}

static inline void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	(void)node;
	(void)root;
}

static inline struct rb_node *rb_next(struct rb_node *node)
{
	if (node->rb_right) {
		for (node = node->rb_right; node->rb_left;)
			node = node->rb_left;
		return node;
	}
	while (node->parent && node == node->parent->rb_right)
		node = node->parent;
	return node->parent;
}

static inline void rb_replace(struct rb_root *root, struct rb_node *old,
			      struct rb_node *new)
{
	if (!old->parent)
		root->rb_node = new;
	else if (old->parent->rb_left == old)
		old->parent->rb_left = new;
	else
		old->parent->rb_right = new;
	if (new)
		new->parent = old->parent;
}

static inline void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *next;

	if (!node->rb_left) {
		rb_replace(root, node, node->rb_right);
	} else if (!node->rb_right) {
		rb_replace(root, node, node->rb_left);
	} else {
		next = rb_next(node);
		rb_replace(root, next, next->rb_right);
		rb_replace(root, node, next);
		next->rb_left = node->rb_left;
		next->rb_left->parent = next;
		next->rb_right = node->rb_right;
		if (next->rb_right)
			next->rb_right->parent = next;
	}
}

#endif
