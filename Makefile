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
tools_o := $(abspath $(O))/tools
selftests_o := $(abspath $(O))/selftests
else
O := build/$(KVER)
tools_o := $(CURDIR)/build/tools
selftests_o := $(CURDIR)/build/selftests
endif
modules_o := $(abspath $(O))

export IOVASCOPE_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/iovascope
KSELFTEST ?= $(IOVASCOPE_CACHE)/kselftest

prefix ?= /usr/local
DESTDIR ?=
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
dkms_src := $(DESTDIR)/usr/src/iovascope-$(VERSION)

all: modules tools selftests

help:
	@echo 'make                 the modules, the tool and the test programs'
	@echo 'make modules         the modules: KVER= KDIR= O= W= C= V= MUT='
	@echo 'make tools           the iovascope command'
	@echo 'make selftests       the programs that run in the lab'
	@echo 'make demo            watch real VFIO clients being measured (root)'
	@echo 'make bench           what everything costs, side by side (root, 30 minutes)'
	@echo 'make shell           a prompt inside the lab (root)'
	@echo 'make check           all tests (root); STAGE=static for one stage'
	@echo 'make test            tests that need no VM and no root'
	@echo 'make install         tool, man page and modules: DESTDIR= prefix='
	@echo 'make install-tools install-man install-modules'
	@echo 'make dkms-install dkms-remove'
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
	+$(MAKE) -C $(KDIR) M=$(modules_o) O= MUT='$(MUT)' modules

tools:
	+$(MAKE) -C tools O=$(tools_o)

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
	selftests/check/check.sh $(STAGE)

test: tools
	selftests/check/check.sh host cli

install: install-modules install-tools

install-modules: modules
	install -D -m 0644 $(modules_o)/iovascope.ko \
		$(DESTDIR)/lib/modules/$(KVER)/updates/iovascope.ko
	$(if $(DESTDIR),,depmod $(KVER))

# The man page comes with the tool.
install-tools:
	+$(MAKE) -C tools O=$(tools_o) prefix=$(prefix) DESTDIR=$(DESTDIR) \
		install

install-man:
	+$(MAKE) -C tools O=$(tools_o) prefix=$(prefix) DESTDIR=$(DESTDIR) \
		install-man

dkms-install:
	mkdir -p $(dkms_src)
	cp -a Kbuild dkms.conf module $(dkms_src)/
	$(if $(DESTDIR),,dkms add iovascope/$(VERSION))
	$(if $(DESTDIR),,dkms install iovascope/$(VERSION))

dkms-remove:
	$(if $(DESTDIR),,dkms remove iovascope/$(VERSION) --all)
	$(RM) -r $(dkms_src)

clean:
	$(RM) -r build

.PHONY: all help modules tools selftests demo bench shell check test install \
	install-modules install-tools install-man dkms-install dkms-remove clean
