#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: lab.sh [OPTION...] -- COMMAND [ARG...]
#
# Boot a virtual machine with an emulated VT-d, run COMMAND in it as root in
# /payload, and say whether all went well. What COMMAND prints appears on
# stdout as it is printed; the kernel's console goes to a log.
#
#   --payload PATH      copy PATH into /payload; DIR/. copies its contents
#                       (repeatable)
#   --device WHAT       add a device (repeatable), in an IOMMU group of its
#                       own: edu, edu:bridged (behind a PCIe-to-PCI bridge
#                       of its own), e1000e, nvme[:SIZE], nvme:null (a disk
#                       of zeros that answers after 0.3 ms), testdev:SIZE (a
#                       pci-testdev with a 64-bit BAR of SIZE, like 16G)
#   --kernel NAME       a kernel of the table (default: its first row)
#   --memory MIB        memory of the machine (default: 8192)
#   --hugepages N       1 GiB pages set aside at boot (default: 4)
#   --cpus N            processors (default: 1)
#   --cpu MODEL         QEMU's -cpu (default: max)
#   --icount            an instruction takes 1 ns: time that has no noise and
#                       no caches (TCG, one processor)
#   --iommu on|off|pt   translation on, off, or passthrough for the host's
#                       own DMA (default: on)
#   --no-vtd            a machine without VT-d
#   --levels 3|4        depth of second-stage page tables (default: 4)
#   --scalable STAGE    VT-d in scalable mode, with page tables of the second
#                       or the first stage; first takes QEMU 10 (setup.sh qemu)
#   --append ARGS       more kernel arguments
#   --min-pass N        the last line "# totals pass=P fail=F skip=S" that the
#                       guest prints, or writes to $LAB_RESULT, must have no
#                       failure and P >= N
#   --timeout SECONDS   for everything, boot included (default: 600)
#   --interactive       COMMAND gets the terminal (leave QEMU with Ctrl-A x)
#   --log FILE          keep the console log in FILE
#
# Exit: 0 the guest's result is good, 1 it is not or the lab failed, 2 usage.
# After a failure the log is kept in build/lab-logs and its path printed.
#
# IOVASCOPE_ACCEL: tcg, kvm, or auto (default: kvm where "setup.sh kvm" saw it
# boot, else tcg).
#
# How a machine is put together: the kernel starts uncompressed (through PVH;
# unpacking it on an emulated CPU took longer than booting it). The initrd is
# two archives in a row: the cached one with busybox and modules, and one made
# for this run with init and the payload. The root and the modules are
# squashfs images on virtio-blk, which bypasses the IOMMU, so the only DMA
# that VT-d sees is that of the devices asked for.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$LAB_DIR/qemu.sh"
. "$LAB_DIR/machine.sh"
. "$LAB_DIR/verdict.sh"

KERNEL=
MEMORY=8192
HUGEPAGES=4
CPUS=1
CPU=max
ICOUNT=0
IOMMU=on
VTD=1
LEVELS=4
SCALABLE=
APPEND=
MIN_PASS=
TIMEOUT=600
INTERACTIVE=0
LOG=
PAYLOADS=()
DEVICES=()

# want_number NAME VALUE
want_number() {
	[[ $2 =~ ^[0-9]+$ ]] || usage_error "$1 needs a number, not '$2'"
}

# check_option NAME VALUE: refuse a value before anything is started.
check_option() {
	case $1 in
	--memory | --hugepages | --cpus | --min-pass | --timeout)
		want_number "$1" "$2"
		;;
	--device) check_device "$2" ;;
	--payload) [[ -e $2 ]] || usage_error "no such payload: $2" ;;
	--kernel) kernel_row "$2" || usage_error \
		"no kernel '$2' in the table: $(kernel_names | xargs)" ;;
	--iommu) [[ $2 =~ ^(on|off|pt)$ ]] ||
		usage_error "--iommu is on, off or pt, not '$2'" ;;
	--levels) [[ $2 =~ ^[34]$ ]] ||
		usage_error "--levels is 3 or 4, not '$2'" ;;
	--scalable) [[ $2 =~ ^(first|second)$ ]] ||
		usage_error "--scalable is first or second, not '$2'" ;;
	esac
}

set_option() {
	check_option "$1" "$2"
	case $1 in
	--payload) PAYLOADS+=("$2") ;;
	--device) DEVICES+=("$2") ;;
	--kernel) KERNEL=$2 ;;
	--memory) MEMORY=$2 ;;
	--hugepages) HUGEPAGES=$2 ;;
	--cpus) CPUS=$2 ;;
	--cpu) CPU=$2 ;;
	--iommu) IOMMU=$2 ;;
	--levels) LEVELS=$2 ;;
	--scalable) SCALABLE=$2 ;;
	--append) APPEND+=" $2" ;;
	--min-pass) MIN_PASS=$2 ;;
	--timeout) TIMEOUT=$2 ;;
	--log) LOG=$2 ;;
	*) usage_error "unknown option '$1'" ;;
	esac
}

parse_options() {
	while (($#)); do
		case $1 in
		-h | --help)
			print_head_comment "$0"
			exit 0
			;;
		--no-vtd) VTD=0 ;;
		--icount) ICOUNT=1 ;;
		--interactive) INTERACTIVE=1 ;;
		--)
			shift
			COMMAND=("$@")
			return
			;;
		--*)
			(($# >= 2)) || usage_error "$1 needs a value"
			set_option "$1" "$2"
			shift
			;;
		*) usage_error "unknown argument '$1'" ;;
		esac
		shift
	done
}

# What a run needs that set-up provides.
check_setup() {
	kernel_row "$KERNEL"
	KERNEL_DIR=$LAB_CACHE/kernel-$ROW_NAME
	ROOT_DIR=$LAB_CACHE/root-$(guest_release)
	if ! command -v qemu-system-x86_64 >/dev/null ||
		[[ ! -e $KERNEL_DIR/initrd || ! -e $ROOT_DIR/root.squashfs ]]; then
		die "kernel $ROW_NAME is not set up; run" \
			"$LAB_DIR/setup.sh --kernel $ROW_NAME"
	fi
	command -v "$(qemu_for "$SCALABLE")" >/dev/null ||
		die "this machine's QEMU has no first stage; run" \
			"$LAB_DIR/setup.sh qemu"
}

# make_initrd: the archive of this run, after the cached one.
make_initrd() {
	local top=$RUN/initrd.d path rows=24 cols=80 term=dumb

	mkdir -p "$top"/{lab,payload}
	for path in "${PAYLOADS[@]}"; do
		cp -a -H "$path" "$top/payload/"
	done
	cp "$LAB_DIR/init" "$top/init"
	cp "$LAB_DIR"/{guest-init,splats} "$LAB_DIR"/../{guest_lib,huge_pages}.sh \
		"$top/lab/"
	chmod 755 "$top/init"
	! ((INTERACTIVE)) || term=${TERM:-vt100}
	! ((INTERACTIVE)) || [[ ! -t 0 ]] || read -r rows cols < <(stty size)
	# A terminal that does not know its size says 0 0.
	((rows && cols)) || rows=24 cols=80
	cat >"$top/lab/config" <<-END
		LAB_INTERACTIVE=$INTERACTIVE
		LAB_ROWS=$rows
		LAB_COLS=$cols
		LAB_TERM=$term
	END
	printf '%q ' "${COMMAND[@]}" >"$top/lab/command"
	{
		cat "$KERNEL_DIR/initrd"
		(cd "$top" && find . | cpio -o -H newc --quiet -R 0:0)
	} >"$RUN/initrd"
	rm -rf "$top"
}

# run_qemu: boot, with the command's output on stdout and in a file. The fifo
# keeps QEMU from making the caller's stdout non-blocking.
run_qemu() {
	local tee_pid=

	touch "$RUN"/{console,result,output,qemu-errors}
	if ((INTERACTIVE)); then
		QEMU+=(-chardev "stdio,id=out,mux=on,signal=off,logfile=$RUN/output"
			-mon "chardev=out,mode=readline")
	else
		mkfifo "$RUN/fifo"
		tee -p "$RUN/output" <"$RUN/fifo" &
		tee_pid=$!
		QEMU+=(-chardev "file,id=out,path=$RUN/fifo")
	fi
	timeout --foreground -k 2 "$TIMEOUT" "${QEMU[@]}" \
		<&0 2>"$RUN/qemu-errors" &
	QEMU_PID=$!
	QEMU_RC=0
	{ wait "$QEMU_PID" || QEMU_RC=$?; } 2>/dev/null
	QEMU_PID=
	[[ -z $tee_pid ]] || wait "$tee_pid" || true
}

# boot: until the machine has a clock that is right (guest-init).
boot() {
	local try

	for try in 1 2 3; do
		rm -f "$RUN"/{console,result,output,qemu-errors,fifo}
		machine
		run_qemu
		grep -a -q '^result clock' "$RUN/result" || break
		say "the guest has measured its clock wrong ($try of 3)"
	done
}

# keep_logs: out of the temporary folder, to where the user finds them.
keep_logs() {
	local dir=${IOVASCOPE_LOGS:-$LAB_TREE/build/lab-logs} file
	file=$dir/$(date +%Y%m%d-%H%M%S)-$$.log

	mkdir -p "$dir"
	{
		cat "$RUN/console"
		for part in output result qemu-errors; do
			printf '\n--- %s\n' "$part"
			cat "$RUN/$part"
		done
		printf '\n--- %s\n' "${QEMU[*]}"
	} >"$file"
	echo "$file"
}

clean_up() {
	if [[ -n ${QEMU_PID:-} ]]; then
		kill "$QEMU_PID" 2>/dev/null || true
		wait "$QEMU_PID" 2>/dev/null || true
	fi
	rm -rf "${RUN:-}"
}

COMMAND=()
parse_options "$@"
if ((INTERACTIVE && ${#COMMAND[@]} == 0)); then
	COMMAND=(bash -c 'bash -i; exit 0')
fi
((${#COMMAND[@]})) || usage_error "no COMMAND after --"
check_setup

trap clean_up EXIT
RUN=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-lab.XXXXXX")
make_initrd
boot

[[ -z $LOG ]] || cp "$RUN/console" "$LOG"
problem=$(verdict "$RUN" "$QEMU_RC" "$MIN_PASS")
[[ -n $problem ]] || exit 0
say "FAILED: $problem; log: $(keep_logs)"
exit 1
