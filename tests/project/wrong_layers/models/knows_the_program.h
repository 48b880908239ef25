#pragma once

#include <slm/graph.h>

#include "tests/fixture.h"
