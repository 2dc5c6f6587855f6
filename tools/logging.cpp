#include "tools/logging.hpp"

#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <spdlog/details/os.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace braid {

namespace {

/// UTC to the microsecond: 2024-05-01T12:00:00.123456Z
std::string time_stamp(spdlog::log_clock::time_point time) {
  using namespace std::chrono;
  auto seconds = floor<std::chrono::seconds>(time);
  auto parts = spdlog::details::os::gmtime(spdlog::log_clock::to_time_t(
    time_point_cast<spdlog::log_clock::duration>(seconds)));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
                     parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec,
                     duration_cast<microseconds>(time - seconds).count());
}

std::string in_std(spdlog::string_view_t text) {
  return {text.data(), text.size()};
}

std::string level_name(const spdlog::details::log_msg& message) {
  return in_std(spdlog::level::to_string_view(message.level));
}

void append(spdlog::memory_buf_t& into, const std::string& text) {
  into.append(text.data(), text.data() + text.size());
}

/// 2024-05-01T12:00:00.123456Z warning node-0 data: message
class text_formatter : public spdlog::formatter {
public:
  explicit text_formatter(std::string node) : node_(std::move(node)) {
    // nop
  }

  void format(const spdlog::details::log_msg& message,
              spdlog::memory_buf_t& into) override {
    append(into, time_stamp(message.time) + ' ' + level_name(message) + ' '
                   + node_ + (node_.empty() ? "" : " ")
                   + in_std(message.logger_name) + ": "
                   + in_std(message.payload) + '\n');
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<text_formatter>(node_);
  }

private:
  std::string node_;
};

/// One object a line, whatever the message contains: what is not UTF-8 is
/// replaced.
class json_formatter : public spdlog::formatter {
public:
  explicit json_formatter(std::string node) : node_(std::move(node)) {
    // nop
  }

  void format(const spdlog::details::log_msg& message,
              spdlog::memory_buf_t& into) override {
    nlohmann::ordered_json line;
    line["time"] = time_stamp(message.time);
    line["level"] = level_name(message);
    line["component"] = in_std(message.logger_name);
    line["node"] = node_;
    line["message"] = in_std(message.payload);
    append(into, line.dump(-1, ' ', false,
                           nlohmann::ordered_json::error_handler_t::replace)
                   + '\n');
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>(node_);
  }

private:
  std::string node_;
};

spdlog::level::level_enum in_spdlog(log_level level) {
  switch (level) {
    case log_level::trace:
      return spdlog::level::trace;
    case log_level::debug:
      return spdlog::level::debug;
    case log_level::info:
      return spdlog::level::info;
    case log_level::warning:
      return spdlog::level::warn;
    case log_level::error:
      return spdlog::level::err;
    case log_level::off:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

spdlog::sink_ptr make_sink(const logging_settings& settings,
                           const std::string& node_name) {
  spdlog::sink_ptr sink;
  if (settings.file.empty()) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    try {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(
        settings.file.string());
    } catch (const spdlog::spdlog_ex& problem) {
      throw configuration_error(std::string{"logging.file: "} + problem.what()
                                + "; name a file that can be written, or leave "
                                  "it empty for standard error");
    }
  }
  if (settings.format == log_format::json)
    sink->set_formatter(std::make_unique<json_formatter>(node_name));
  else
    sink->set_formatter(std::make_unique<text_formatter>(node_name));
  return sink;
}

/// Where messages go now, shared by all loggers of the process.
struct logging_state {
  std::mutex mutex;
  logging_settings settings;
  spdlog::sink_ptr sink;
};

logging_state& state() {
  static logging_state instance;
  return instance;
}

std::shared_ptr<spdlog::logger> make_logger(const logging_state& from,
                                            const std::string& name) {
  auto result = std::make_shared<spdlog::logger>(name, from.sink);
  auto found = from.settings.levels.find(name);
  result->set_level(in_spdlog(
    found == from.settings.levels.end() ? from.settings.level : found->second));
  result->flush_on(spdlog::level::trace);
  return result;
}

} // namespace

void start_logging(const logging_settings& settings,
                   const std::string& node_name) {
  auto sink = make_sink(settings, node_name);
  auto& now = state();
  std::lock_guard guard{now.mutex};
  now.settings = settings;
  now.sink = std::move(sink);
  spdlog::set_default_logger(make_logger(now, "node"));
  for (const auto& component : log_components) {
    std::string name{component.name};
    if (name == "node")
      continue; // is the default one
    spdlog::drop(name);
    spdlog::register_logger(make_logger(now, name));
  }
}

std::shared_ptr<spdlog::logger> logger(const std::string& component) {
  auto& now = state();
  std::lock_guard guard{now.mutex};
  if (auto known = spdlog::get(component))
    return known;
  if (!now.sink)
    now.sink = make_sink(now.settings, "");
  auto made = make_logger(now, component);
  spdlog::register_logger(made);
  return made;
}

} // namespace braid
