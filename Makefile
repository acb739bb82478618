# Every command here does its own set-up and is safe to repeat. The steps are in scripts/ and xtask/.

.DEFAULT_GOAL := help
.PHONY: help run test bench release

help: ## This text
	@echo "make TARGET"
	@echo
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: ## Set up, build, and serve the demonstration data on http://127.0.0.1:3000 (ARGS="--http 0.0.0.0:8080 …")
	@scripts/run.sh $(ARGS)

test: ## Set up and run every check: format, lints, unit, property and integration tests on both databases, browser
	@scripts/test.sh

bench: ## Set up, measure sizes, speed, memory and build times, and print them beside their targets (PARTS="sizes lists …")
	@scripts/bench.sh $(PARTS)

release: ## One self-contained, optimised program: target/release/tandem
	@scripts/release.sh
