# SPDX-License-Identifier: MIT
# What is released: manual pages, completion, packages, tarballs, checksums. Included by the Makefile.
#
#   make dist                          all architectures into build/dist
#   make dist DIST_ARCHS=x86_64        one of them

DIST_ARCHS ?= x86_64 aarch64 armv7 riscv64
DIST := $(BUILD)/dist
# Files in packages carry the time of the commit: the same commit gives the same bytes.
export SOURCE_DATE_EPOCH ?= $(or $(if $(wildcard .git),$(shell git log -1 --format=%ct 2>/dev/null)),1767225600)

MANUAL := $(BUILD)/manual
MANUAL_COMMON := $(wildcard tools/manual/*.h) tools/manual/main.c tools/manual/page.c tools/manual/completion.c \
	$(BASE_SRC) proto/token.c proto/instance_id.c
MANUAL_agent := agent/config.c agent/command.c
MANUAL_aggregator := aggregator/config.c aggregator/config_sections.c aggregator/verbs.c \
	aggregator/sentinel/check.c aggregator/sentinel/address.c aggregator/rules/ini.c \
	aggregator/forward/target.c aggregator/forward/exporter.c aggregator/forward/destination.c \
	aggregator/store/alert_names.c
MANUAL_FILES := $(foreach program,agent aggregator,$(addprefix $(MANUAL)/,nephos-$(program).8 \
	nephos-$(program).conf.5 nephos-$(program).bash _nephos-$(program) nephos-$(program).fish))

# $(1): agent or aggregator. What only the checks of its config.c need is not linked: nobody calls them here.
define manual_of
$(MANUAL)/make-$(1): tools/manual/$(1).c $(MANUAL_COMMON) $(MANUAL_$(1)) $(wildcard $(1)/*.h platform/base/*.h) $(GEN)
	@mkdir -p $$(@D)
	$$(Q)$(HOST_CC) -std=gnu2x $(WARNINGS) -O1 -I. -I$(BUILD)/gen -DNEPHOS_VERSION='"$(VERSION)"' \
	    -ffunction-sections -fdata-sections -Wl,--gc-sections $$(filter %.c,$$^) -o $$@
$(MANUAL)/nephos-$(1).8: $(MANUAL)/make-$(1) $(COMMIT_FILE)
	$$(Q)$$< page "$$$$(LC_ALL=C date -u -d @$$(SOURCE_DATE_EPOCH) '+%B %-d, %Y')" > $$@
$(MANUAL)/nephos-$(1).conf.5: $(MANUAL)/make-$(1) $(COMMIT_FILE)
	$$(Q)$$< config "$$$$(LC_ALL=C date -u -d @$$(SOURCE_DATE_EPOCH) '+%B %-d, %Y')" > $$@
$(MANUAL)/nephos-$(1).bash: $(MANUAL)/make-$(1)
	$$(Q)$$< bash > $$@
$(MANUAL)/_nephos-$(1): $(MANUAL)/make-$(1)
	$$(Q)$$< zsh > $$@
$(MANUAL)/nephos-$(1).fish: $(MANUAL)/make-$(1)
	$$(Q)$$< fish > $$@
endef
$(eval $(call manual_of,agent))
$(eval $(call manual_of,aggregator))

.PHONY: manual manual-check dist dist-check
manual: $(MANUAL_FILES) ## Write manual pages and shell completion into build/manual
manual-check: manual ## Check them: mandoc's lint where it is, and completion in bash
	@tests/dist/check_manual $(MANUAL)

dist: manual ## Build packages and tarballs for all architectures into build/dist
	@for arch in $(DIST_ARCHS); do $(MAKE) ARCH=$$arch agent aggregator || exit 1; done
	@rm -rf $(DIST)
	@for arch in $(DIST_ARCHS); do tools/dist $(BUILD) $(VERSION) $$arch $(DIST) || exit 1; done
	@cp packaging/install.sh $(DIST)/
	@cd $(DIST) && LC_ALL=C sha256sum *.deb *.tar.gz install.sh > SHA256SUMS
	@cat $(DIST)/SHA256SUMS
dist-check: dist ## Check what is released: packages, reproducibility, installation in a root of its own
	@tests/dist/check_dist $(BUILD) $(VERSION) "$(DIST_ARCHS)"
