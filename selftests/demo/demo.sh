#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: demo.sh
#
# Set up, build, boot the lab and run demo_guest.sh in it, as `make demo` does.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/say.sh"

"$LAB_DIR/setup.sh"
build_for "" modules tools selftests
out=$LAB_TREE/build
colour_choose

"$LAB_DIR/lab.sh" --timeout 600 --device edu --device testdev:16G \
	--device nvme --device e1000e --payload "$out/$kver/iovascope.ko" \
	--payload "$out/$kver/iovascope_hugepath.ko" \
	--payload "$out/tools/iovascope" \
	--payload "$out/selftests/vfio_client" \
	--payload "$LAB_TREE/selftests/demo/say.sh" \
	--payload "$LAB_TREE/selftests/demo/demo_guest.sh" \
	-- ./demo_guest.sh "$COLOUR"
