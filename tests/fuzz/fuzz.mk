# SPDX-License-Identifier: MIT
# Fuzzing with libFuzzer: hostile bytes against every door. Included by the Makefile.
#
#   make fuzz FUZZ_SECONDS=30        every target that long, from the seeds in tests/fuzz/corpus
#   make fuzz FUZZ_TARGETS="http"    some of them
#   make fuzz-canary                 a planted bug must be found, or the fuzzing is blind
#   make fuzz-seeds                  write the binary seeds anew, after a change of the formats
# New finds stay in build/fuzz/corpus, crashes in build/fuzz/crashes; neither goes into the tree.

FUZZ := $(BUILD)/fuzz
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 30
FUZZ_JOBS ?= $(JOBS)
FUZZ_TARGETS ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_FLAGS := -std=gnu2x -O1 -g -w -fno-omit-frame-pointer -fno-strict-aliasing -fsanitize=fuzzer-no-link \
	-fsanitize=address,undefined -fno-sanitize-recover=all -I. -I$(BUILD)/gen -I$(DEPS)/host/src \
	-DNEPHOS_VERSION='"$(VERSION)"'

# What a target needs beside platform/base and proto.
FUZZ_COMMON := $(BASE_SRC) $(PROTO_SRC)
FUZZ_NEEDS_http := aggregator/api/routes/exposition_text.c aggregator/api/http.c aggregator/api/websocket.c
FUZZ_NEEDS_chunked := aggregator/api/chunked.c
FUZZ_NEEDS_query := aggregator/api/http.c aggregator/api/query_string.c
FUZZ_NEEDS_credential := aggregator/api/credential.c aggregator/api/http.c aggregator/access/limiter.c
FUZZ_NEEDS_selector := aggregator/query/regex.c aggregator/query/selector.c aggregator/query/labels.c
FUZZ_NEEDS_promql := $(wildcard aggregator/query/promql_[bcgpw]*.c) aggregator/query/promql_table.c aggregator/query/promql_labels.c \
	aggregator/query/regex.c aggregator/query/selector.c aggregator/query/labels.c
FUZZ_NEEDS_websocket := aggregator/api/http.c aggregator/api/websocket.c
FUZZ_NEEDS_spool := $(wildcard agent/spool*.c) agent/series.c $(wildcard platform/sim/*.c)
FUZZ_NEEDS_dns := platform/linux/dns.c
FUZZ_NEEDS_proc := $(filter-out agent/collect/collect%.c agent/collect/process_watch.c,$(wildcard agent/collect/*.c))
FUZZ_NEEDS_units := agent/inputs/units_search.c
FUZZ_NEEDS_vultr := $(addprefix aggregator/sentinel/,vultr.c address.c check.c judge.c) aggregator/rules/ini.c
FUZZ_OBJECTS_vultr := deps/yyjson.o
FUZZ_NEEDS_dense := aggregator/store/dense.c aggregator/store/dense_table.c
FUZZ_NEEDS_chunk := aggregator/store/chunk.c aggregator/store/dense.c aggregator/store/dense_table.c aggregator/store/journal.c
FUZZ_NEEDS_rollup := aggregator/store/rollup.c
FUZZ_NEEDS_samples := aggregator/archive/sample_read.c aggregator/archive/sample_decimal.c aggregator/archive/sample_write.c aggregator/query/tags.c
FUZZ_OBJECTS_samples := deps/yyjson.o
FUZZ_NEEDS_hints := aggregator/hints.c
FUZZ_NEEDS_rules := $(addprefix aggregator/rules/,expression.c ini.c pattern.c rule.c rule_print.c check.c silence.c window.c zone.c)
FUZZ_NEEDS_statsd := $(addprefix agent/inputs/,decimal.c distinct.c labels.c statsd.c statsd_line.c summary.c) \
	agent/series.c agent/collect/span.c
FUZZ_NEEDS_prometheus := $(addprefix agent/inputs/,decimal.c labels.c prometheus_text.c) agent/collect/span.c
FUZZ_NEEDS_reply := agent/http_reply.c agent/http_url.c agent/cloud/cloud.c agent/collect/span.c
FUZZ_NEEDS_remote_write := $(addprefix aggregator/push/,pairs.c remote_write.c scale.c)
FUZZ_NEEDS_otlp := $(addprefix aggregator/push/,otlp.c otlp_json.c otlp_protobuf.c pairs.c scale.c)
FUZZ_OBJECTS_otlp := deps/yyjson.o
FUZZ_NEEDS_aws := $(addprefix aggregator/forward/aws/,answers.c environment.c profile.c)
FUZZ_OBJECTS_aws := deps/yyjson.o
FUZZ_NEEDS_taken := aggregator/forward/otlp_answer.c aggregator/forward/snowflake/answer.c
FUZZ_OBJECTS_taken := deps/yyjson.o
FUZZ_NEEDS_gateway := aggregator/forward/gateway/gateway_read.c aggregator/forward/aws/answers.c
FUZZ_OBJECTS_gateway := deps/yyjson.o
FUZZ_NEEDS_json := aggregator/api/subscribe.c aggregator/api/json_writer.c aggregator/api/websocket.c aggregator/api/http.c
FUZZ_OBJECTS_json := deps/yyjson.o
FUZZ_NEEDS_bodies := aggregator/api/json_reader.c aggregator/api/routes/sample_reader.c aggregator/api/json_writer.c \
	aggregator/api/query_string.c aggregator/api/http.c
FUZZ_OBJECTS_bodies := deps/yyjson.o

$(FUZZ)/obj/%.o: %.c $(GEN) tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -MMD -MP -c $< -o $@
$(FUZZ)/obj/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -c $< -o $@
# Other people's code shifts signed numbers and the like; only its reads and writes are our concern.
$(FUZZ)/obj/deps/%.o: $(BUILD)/.deps-$(ARCH) tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fno-sanitize=undefined $(SQLITE_FLAGS) -DNDEBUG -c $(DEPS)/host/src/$*.c -o $@

$(FUZZ)/libcommon.a: $(FUZZ_COMMON:%.c=$(FUZZ)/obj/%.o) $(FUZZ)/obj/gen/nephos.pb-c.o \
		$(FUZZ)/obj/deps/protobuf-c/protobuf-c.o
	@rm -f $@
	$(Q)ar rcsD $@ $^

fuzz_objects = $(patsubst %.c,$(FUZZ)/obj/%.o,$(FUZZ_NEEDS_$(1))) $(FUZZ_OBJECTS_$(1):%=$(FUZZ)/obj/%)
define fuzz_target
$(FUZZ)/$(1): $(FUZZ)/obj/tests/fuzz/fuzz_$(1).o $(call fuzz_objects,$(1)) $(FUZZ)/libcommon.a
	$$(if $$(V),,$$(call say,LINK,$$@))
	$$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $$^ -lm -o $$@
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_target,$(t))))

$(FUZZ)/canary: $(FUZZ)/obj/tests/fuzz/canary.o
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $^ -lm -o $@
$(FUZZ)/make_seeds: tests/fuzz/make_seeds.c $(FUZZ_COMMON) $(FUZZ_NEEDS_chunk) $(FUZZ_NEEDS_rollup) $(FUZZ_NEEDS_spool) $(BUILD)/gen/nephos.pb-c.c
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(filter-out -Wpedantic,$(HOST_FLAGS)) -Wno-error $^ $(DEPS)/host/src/protobuf-c/protobuf-c.c -w -o $@

-include $(wildcard $(FUZZ)/obj/*/*.d $(FUZZ)/obj/*/*/*.d)

.PHONY: fuzz fuzz-canary fuzz-seeds
fuzz: fuzz-canary $(FUZZ_TARGETS:%=$(FUZZ)/%) ## Fuzz every door for FUZZ_SECONDS each
	@tests/fuzz/run $(FUZZ) $(FUZZ_SECONDS) $(FUZZ_JOBS) $(FUZZ_TARGETS)
fuzz-canary: $(FUZZ)/canary ## A planted bug must be found
	@tests/fuzz/run_canary $(FUZZ)
fuzz-seeds: $(FUZZ)/make_seeds ## Write the binary seeds of the fuzz targets anew
	@$(FUZZ)/make_seeds tests/fuzz/corpus
