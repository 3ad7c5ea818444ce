# SPDX-License-Identifier: GPL-2.0-only
#
# What people type; "make help" lists it. Objects go to build/, never beside
# their sources: the kernel's own MO= is too young, so Kbuild and module/ are
# copied to $(O) and built there, as DKMS does.

LAB := selftests/lab

# The kernel to build for: the running one, or the lab's where the running one
# has no headers.
has_headers = $(wildcard /lib/modules/$(1)/build)
running := $(shell uname -r)
ifndef KVER
KVER := $(running)
ifeq ($(call has_headers,$(running)),)
lab_kver := $(shell $(LAB)/setup.sh --kver 2>/dev/null)
KVER := $(or $(if $(call has_headers,$(lab_kver)),$(lab_kver)),$(running))
endif
endif
KDIR ?= /lib/modules/$(KVER)/build

# O= moves everything; by default only the modules are per kernel.
ifdef O
deb_o := $(abspath $(O))/deb
rpm_o := $(abspath $(O))/rpm
tools_o := $(abspath $(O))/tools
selftests_o := $(abspath $(O))/selftests
else
O := build/$(KVER)
deb_o := $(CURDIR)/build/deb
rpm_o := $(CURDIR)/build/rpm
tools_o := $(CURDIR)/build/tools
selftests_o := $(CURDIR)/build/selftests
endif
modules_o := $(abspath $(O))

export IOVASCOPE_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/iovascope
KSELFTEST ?= $(IOVASCOPE_CACHE)/kselftest

prefix ?= /usr/local
TOOLS = $(MAKE) -C tools O=$(tools_o) prefix=$(prefix) DESTDIR=$(DESTDIR)
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
dkms_src := $(DESTDIR)/usr/src/iovascope-$(VERSION)

all: modules tools selftests

help:
	@echo 'make                 the modules, the tool and the test programs'
	@echo 'make modules         the modules: KVER= KDIR= O= W= C= V= MUT='
	@echo 'make tools           the iovascope command'
	@echo 'make selftests       the programs that run in the lab'
	@echo 'make demo            watch real VFIO clients being measured (root)'
	@echo 'make bench           what everything costs, side by side (root)'
	@echo 'make shell           a prompt inside the lab (root)'
	@echo 'make check           all tests (root); STAGE=static for one stage'
	@echo 'make check TEST=NAME one program, CASE=NAME: one test of it; KERNEL='
	@echo 'make check-debug     the tests on a kernel with KASAN, lockdep ... (root; hours)'
	@echo 'make check-kernels   other kernels, and all of Debian (root; hours)'
	@echo 'make test            tests that need no VM; root for missing packages only'
	@echo 'make install         the command, man page, completion: DESTDIR= prefix='
	@echo 'make uninstall       take these away again'
	@echo 'make install-modules the modules, for this one kernel'
	@echo 'make dkms-install    the modules, for this kernel and later ones'
	@echo 'make dkms-remove     take them away again'
	@echo 'make deb             Debian packages of both, in build/deb'
	@echo 'make rpm             the same as RPM packages, in build/rpm'
	@echo 'make clean           remove build/'
	@echo
	@echo 'kernel: $(KVER), built in $(O)'

$(KDIR)/Makefile:
	@echo "no headers for kernel $(KVER) in $(KDIR):" \
		"install linux-headers-$(KVER), or set KVER= or KDIR=" >&2
	@exit 1

modules: $(KDIR)/Makefile
	@mkdir -p $(modules_o)
	@cp -au Kbuild dkms.conf module $(modules_o)/
	+$(MAKE) -C $(KDIR) M=$(modules_o) O=$(realpath $(KDIR)) MUT='$(MUT)' modules

# For the tests only, and never installed.
accident: $(KDIR)/Makefile
	@mkdir -p $(modules_o)/accident
	@cp -au selftests/accident/. $(modules_o)/accident/
	+$(MAKE) -C $(KDIR) M=$(modules_o)/accident O=$(realpath $(KDIR)) modules

tools:
	+$(TOOLS)

$(KSELFTEST)/kselftest_harness.h:
	$(LAB)/setup.sh kselftest

selftests: $(KSELFTEST)/kselftest_harness.h
	+$(MAKE) -C selftests O=$(selftests_o) KSELFTEST=$(KSELFTEST)

demo:
	selftests/demo/demo.sh

bench:
	selftests/bench/bench.sh

shell:
	$(LAB)/shell.sh

check:
	$(if $(TEST),,$(if $(CASE)$(KERNEL), \
		$(error CASE= and KERNEL= are for one program: TEST=NAME)))
	$(if $(TEST),selftests/check/one.sh $(TEST) $(CASE), \
		selftests/check/check.sh $(STAGE))

check-debug:
	selftests/check/debug.sh

check-kernels:
	selftests/check/shapes.sh

# The stages build what they test, once set-up has brought what that takes.
test:
	selftests/check/check.sh host cli

install: tools
	+$(TOOLS) install

uninstall:
	+$(TOOLS) uninstall

install-modules: modules
	install -D -m 0644 -t $(DESTDIR)/lib/modules/$(KVER)/updates \
		$(modules_o)/*.ko
	$(if $(DESTDIR),,depmod $(KVER))

# Without our own O= and the like, which are not for the kernel's make.
DKMS := env -u MAKEFLAGS dkms

# A DESTDIR gets the source only; dkms of the machine it is for builds it.
dkms-install:
	$(RM) -r $(dkms_src)
	mkdir -p $(dkms_src)
	cp -r Kbuild dkms.conf module $(dkms_src)/
ifndef DESTDIR
	$(DKMS) build --force -k $(KVER) iovascope/$(VERSION)
	$(DKMS) install --force -k $(KVER) iovascope/$(VERSION)
endif

dkms-remove:
ifndef DESTDIR
	$(DKMS) remove iovascope/$(VERSION) --all
endif
	$(RM) -r $(dkms_src)

deb:
	tools/packaging/deb.sh $(deb_o)

rpm:
	tools/packaging/rpm.sh $(rpm_o)

clean:
	$(RM) -r build

.PHONY: all help modules accident tools selftests demo shell check check-debug \
	check-kernels bench test install uninstall install-modules dkms-install \
	dkms-remove deb rpm clean
