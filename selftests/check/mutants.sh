#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: mutants.sh [NAME...]
#
# Build the tests and run them on modules that have a fault put in.
# selftests/mutants/mutate.sh says how many must be found, and mutants_guest.sh
# counts them.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

step "building the tests" "$LAB_DIR/build.sh" selftests
"$LAB_TREE/selftests/mutants/mutate.sh" "$@"
