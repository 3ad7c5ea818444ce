#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: opinion.sh
#
# What only the lab's own kernel can: it prints its IO page tables itself, a
# second opinion on every leaf of the census (opinion_test.c); and it has
# iommufd (iommufd_test.c). Builds that kernel if it is not in the cache.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

"$LAB_DIR/setup.sh" --kernel lab kernel root
kver=$("$LAB_DIR/setup.sh" --kernel lab --kver)
out=$LAB_TREE/build
step "building for $kver" \
	"$LAB_DIR/build.sh" --kernel lab modules tools selftests

"$LAB_DIR/lab.sh" --kernel lab --timeout 900 --min-pass 37 \
	--device edu --device edu --device testdev:16G \
	--payload "$out/$kver/iovascope.ko" \
	--payload "$out/selftests/opinion_test" \
	--payload "$out/selftests/iommufd_test" \
	--payload "$LAB_TREE/selftests/check/opinion_guest.sh" \
	-- ./opinion_guest.sh
