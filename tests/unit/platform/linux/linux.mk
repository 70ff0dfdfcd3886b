# SPDX-License-Identifier: MIT
# Tests and measurements of platform/linux: static programs made of what ships, no simulation.

LINUX_TEST_PARTS := $(BASE_SRC) $(LINUX_SRC) tests/unit/platform/linux/pair.c
LINUX_TEST_OBJ := $(LINUX_TEST_PARTS:%.c=$(OUT)/obj/aggregator/%.o)
LINUX_TESTS := $(patsubst tests/unit/platform/linux/%.c,$(OUT)/test/%,$(wildcard tests/unit/platform/linux/*_test.c))
LINUX_TEST_LIB = $(DEPS)/$(ARCH)/aggregator/lib/libmbedtls.a

$(OUT)/test/%: $(OUT)/obj/aggregator/tests/unit/platform/linux/%.o $(LINUX_TEST_OBJ)
	@mkdir -p $(@D)
	$(Q)$(CC_ARCH) $(LINK) $^ $(LINUX_TEST_LIB) -o $@
$(OUT)/bench/tls: $(OUT)/obj/aggregator/tests/bench/tls.o $(LINUX_TEST_OBJ)
	@mkdir -p $(@D)
	$(Q)$(CC_ARCH) $(LINK) $^ $(LINUX_TEST_LIB) -o $@

.PHONY: unit-linux bench-tls
unit-linux: $(LINUX_TESTS) ## Test sockets, TLS and files over loopback with what ships
	@tools/run_units $(LINUX_TESTS)
bench-tls: $(OUT)/bench/tls ## Measure handshakes, messages and memory of TLS
	@$(OUT)/bench/tls 200

.SECONDARY: $(LINUX_TESTS:$(OUT)/test/%=$(OUT)/obj/aggregator/tests/unit/platform/linux/%.o)

-include $(wildcard $(OUT)/obj/aggregator/tests/unit/platform/linux/*.d $(OUT)/obj/aggregator/tests/bench/*.d)
