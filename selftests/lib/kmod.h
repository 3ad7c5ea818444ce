/* SPDX-License-Identifier: GPL-2.0-only */
/* kmod.h - load and unload the module under test */
#ifndef LIB_KMOD_H
#define LIB_KMOD_H

/*
 * $IOVASCOPE_KO, or iovascope.ko in the current directory, or the one that is
 * installed for this kernel. "" where there is none.
 */
const char *kmod_path(void);
int kmod_loaded(void);
/* How often a loaded module is held; 0 also for what cannot be. */
unsigned int kmod_holders(const char *name);

int __kmod_load(const char *params);
void kmod_load(const char *params);
int __kmod_unload(void);
void kmod_unload(void);

/* Start from a module with these parameters and nothing counted. */
void kmod_reload(const char *params);

/* Without the module a test has nothing to say. */
void kmod_must_be_loaded(void);

/* The same for another module: 0 or -errno. */
int __kmod_load_file(const char *path, const char *params);
int __kmod_unload_name(const char *name);

#endif /* LIB_KMOD_H */
