# SPDX-License-Identifier: GPL-2.0-only
# Variables that every fragment may use. build/setup.mk is written by scripts/setup and names what it found or fetched.
BUILD  ?= build
KERNEL ?= 6.12
-include $(BUILD)/setup.mk
CC     := gcc
CXX    := g++
Q      := $(if $(V),,@)
say     = @printf '  %-8s %s\n' '$(1)' '$(2)'
