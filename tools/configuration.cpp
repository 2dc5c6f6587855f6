#include "tools/configuration.hpp"

#include "tools/configuration_draft.hpp"
#include "tools/configuration_names.hpp"
#include "tools/configuration_override.hpp"
#include "tools/configuration_scaling.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

namespace braid {

namespace {

std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = '?';
  return text;
}

/// One key as found in the file: known and with a value, or a problem.
struct finding {
  std::uint32_t line;
  std::string name;
  std::string problem;
  const configuration_key* key = nullptr;
  const toml::node* value = nullptr;
};

/// Collects what stands in `table`, which is the content of `section`: null for
/// the whole file.
void collect(const toml::table& table, const configuration_section* section,
             std::vector<finding>& findings) {
  for (const auto& [toml_key, value] : table) {
    std::string name{toml_key.str()};
    auto full_name = section ? section->name + '.' + name : name;
    auto line = static_cast<std::uint32_t>(toml_key.source().begin.line);
    const auto* key = section ? find_key(*section, name) : nullptr;
    const auto* inner = find_section(full_name);
    if (key)
      findings.push_back({line, full_name, {}, key, &value});
    else if (inner && value.is_table())
      collect(*value.as_table(), inner, findings);
    else if (inner && topology_of_section(full_name).empty())
      findings.push_back({line, full_name,
                          "is " + describe(value) + ", not a section; write ["
                            + full_name + "] and its keys below it"});
    else if (value.is_table())
      findings.push_back({line, full_name, unknown_section(full_name)});
    else if (section)
      findings.push_back({line, full_name, unknown_key(*section, name)});
    else
      findings.push_back({line, full_name, outside_sections(name)});
  }
}

std::string read_text(const std::filesystem::path& file) {
  std::string problem;
  std::error_code ignored;
  std::ostringstream text;
  if (std::filesystem::is_directory(file, ignored)) {
    problem = "is a folder";
  } else {
    errno = 0;
    std::ifstream in{file, std::ios::binary};
    if (in.peek() != std::ifstream::traits_type::eof())
      text << in.rdbuf();
    if (!in.is_open() || in.bad())
      problem = "cannot be read: " + std::generic_category().message(errno);
  }
  if (!problem.empty())
    throw configuration_error(file.string() + ": " + problem
                              + "; name a readable TOML file, such as "
                                "conf/local.toml");
  return std::move(text).str();
}

toml::table parse_file(const std::filesystem::path& file) {
  try {
    return toml::parse(read_text(file));
  } catch (const toml::parse_error& error) {
    throw configuration_error(
      file.string() + ':' + std::to_string(error.source().begin.line)
      + ": not valid TOML: " + std::string{error.description()}
      + "; strings, durations, sizes and addresses need quotes");
  }
}

void read_file(const std::filesystem::path& file, configuration_draft& into) {
  auto table = parse_file(file);
  auto folder = std::filesystem::absolute(file).parent_path();
  std::vector<finding> findings;
  collect(table, nullptr, findings);
  // Tables are sorted by name; people read from top to bottom.
  std::stable_sort(
    findings.begin(), findings.end(),
    [](const finding& a, const finding& b) { return a.line < b.line; });
  for (const auto& found : findings) {
    auto prefix = [&](std::uint32_t line) {
      return file.string() + ':' + std::to_string(line) + ": " + found.name
             + ": ";
    };
    if (!found.problem.empty())
      throw configuration_error(prefix(found.line) + found.problem);
    try {
      into.read(*found.key, *found.value, folder, prefix(found.line));
    } catch (const refused_value& refused) {
      auto line = refused.line == 0 ? found.line : refused.line;
      throw configuration_error(prefix(line) + refused.what());
    }
  }
}

std::string print_section(const configuration_section& section,
                          const node_configuration& configuration) {
  auto text = "\n# " + section.why + "\n[" + section.name + "]\n";
  for (const auto& key : section.keys)
    text += "# " + key.why + " (" + key.allowed + ")\n" + key.name + " = "
            + key.print(configuration) + '\n';
  return text;
}

} // namespace

configuration_error::configuration_error(const std::string& message)
  : std::runtime_error(one_line(message)) {
  // nop
}

node_configuration
load_configuration(const std::filesystem::path& file,
                   const std::vector<std::string>& overrides) {
  configuration_draft draft;
  if (!file.empty())
    read_file(file, draft);
  for (const auto& text : overrides)
    apply_override(text, draft);
  return draft.finished();
}

std::string print_configuration(const node_configuration& configuration) {
  std::string text = "# The configuration of a node. Every key is optional.\n";
  for (const auto& section : configuration_sections()) {
    text += print_section(section, configuration);
    if (section.name == "scaling")
      for (const auto& [topology, settings] : configuration.scaling_of)
        text +=
          print_section(*find_section("scaling." + topology), configuration);
  }
  return text;
}

std::string default_configuration() {
  return print_configuration({});
}

} // namespace braid
