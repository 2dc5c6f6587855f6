// Everything that a topology needs: `#include "operators/braid.hpp"`.
#pragma once

#include "operators/join.hpp"
#include "operators/keyed_stream.hpp"
#include "operators/plugin.hpp"
#include "operators/stream.hpp"
#include "operators/stream_operator.hpp"
