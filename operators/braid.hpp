// Everything that a topology needs: `#include "operators/braid.hpp"`.
#pragma once

#include "operators/collect_sink.hpp"
#include "operators/combined_stream.hpp"
#include "operators/csv.hpp"
#include "operators/file_sink.hpp"
#include "operators/file_source.hpp"
#include "operators/generator.hpp"
#include "operators/join.hpp"
#include "operators/keyed_stream.hpp"
#include "operators/plugin.hpp"
#include "operators/print_sink.hpp"
#include "operators/stream.hpp"
#include "operators/stream_operator.hpp"
#include "operators/tcp_source.hpp"
#include "operators/window.hpp"
