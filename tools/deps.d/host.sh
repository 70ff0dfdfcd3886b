# shellcheck shell=bash
build_host() { :; }
build_web() { :; }
install_packages() { :; }
