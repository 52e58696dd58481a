# SPDX-License-Identifier: GPL-2.0-only
# The command vmnix, its man page and completion, and `make install` / `make uninstall` of everything.
VERSION         ?= 0.1.0
VMNIX_TOOL      := $(BUILD)/vmnix
CONSOLE_SOURCES := $(shell find console -name '*.cpp' | sort)
CONSOLE_C       := $(MODULE_PURE)
CONSOLE_OBJECTS := $(CONSOLE_SOURCES:%=$(BUILD)/console/o/%.o) $(CONSOLE_C:%=$(BUILD)/console/o/%.o)
CONSOLE_WARN    := -Wall -Wextra -Werror
CONSOLE_FLAGS   := -I. -O2 -g -D_GLIBCXX_ASSERTIONS -D_FORTIFY_SOURCE=2 -fstack-protector-strong -MMD -MP $(CONSOLE_WARN)
CONSOLE_LIBS    := -lfmt -lcrypto

all: $(VMNIX_TOOL)

$(BUILD)/console/o/%.cpp.o: %.cpp
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++20 $(CONSOLE_FLAGS) -DVMNIX_VERSION='"$(VERSION)"' -c -o $@ $<
$(BUILD)/console/o/%.c.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(CONSOLE_FLAGS) -c -o $@ $<
-include $(CONSOLE_OBJECTS:.o=.d)

$(VMNIX_TOOL): $(CONSOLE_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CXX) -pie -Wl,-z,relro,-z,now -Wl,--as-needed -o $@ $^ $(CONSOLE_LIBS)

$(BUILD)/vmnix.8.gz: console/vmnix.8
	$(call say,GZIP,$@)
	@mkdir -p $(@D)
	$(Q)gzip -9n <$< >$@
