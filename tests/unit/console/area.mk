# SPDX-License-Identifier: GPL-2.0-only
SOURCES.console := $(filter-out console/main.cpp,$(CONSOLE_SOURCES)) $(CONSOLE_C)
FLAGS.console    = -DVMNIX_VERSION='"0.0.test"' -DVMNIX_SCRIPTS='"$(abspath scripts)"'
OBJECTS.console  = $(LOADER_EMBEDDED)
LIBS.console     = $(CONSOLE_LIBS)
