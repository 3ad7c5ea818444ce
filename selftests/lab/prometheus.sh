# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Prometheus, which stores what the command prints, node_exporter, which hands it
# over, and promtool, which says whether they will take it. Nobody wants servers
# started by a test, or by being installed: so the programs are unpacked in the
# cache, and nothing is installed.

PROMETHEUS_RELEASE=bookworm
PROMETHEUS_PACKAGES=(prometheus prometheus-node-exporter)
PROMETHEUS_PROGRAMS=(prometheus promtool prometheus-node-exporter)

# build_prometheus DIR
build_prometheus() {
	local deb program

	suite_download "$PROMETHEUS_RELEASE" "$1/deb" "${PROMETHEUS_PACKAGES[@]}"
	for deb in "$1"/deb/*.deb; do
		unpack_deb "$deb" "$1/root"
	done
	for program in "${PROMETHEUS_PROGRAMS[@]}"; do
		mv "$1/root/usr/bin/$program" "$1/new/"
		"$1/new/$program" --version
	done
}

setup_prometheus() {
	local key package

	suite_index "$PROMETHEUS_RELEASE"
	key=$( (
		for package in "${PROMETHEUS_PACKAGES[@]}"; do
			suite_field "$PROMETHEUS_RELEASE" "$package" Version
		done
		declare -f unpack_deb build_prometheus
	) | key_of)
	cache_entry prometheus "$key" \
		"Prometheus of $PROMETHEUS_RELEASE, 23 MB" build_prometheus
	say "Prometheus: $LAB_CACHE/prometheus"
}
