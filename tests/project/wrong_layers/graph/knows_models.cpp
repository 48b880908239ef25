#include <models/model.h>
#include <vector>

#include "evidence/evidence.h"
#include "nodes/gate.h"
#include "sibling.h"
