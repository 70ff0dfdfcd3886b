# SPDX-License-Identifier: MIT
# End-to-end proofs with the shipped programs. Included by the Makefile.
#
#   make e2e E2E="kill_nine refusals"     some of them; tests/e2e/run alone lists none but runs all
#   make e2e E2E=cross CROSS_S=600        ten minutes of the other architectures

E2E ?=
.PHONY: e2e
e2e: all cross ## Prove end to end with the shipped programs (kill -9, refusals, memory, cross)
	@BUILD=$(BUILD) $(if $(CROSS_S),CROSS_S=$(CROSS_S)) tests/e2e/run $(E2E)
