#include "broker/bindings/binding_text.h"

#include <algorithm>

namespace flowbroker::bindings {

BindingText::BindingText(const BindingKey& key, std::string_view contact, const std::vector<std::string>& path)
    : aor_(static_cast<std::uint16_t>(key.aor.size())),
      distinction_(static_cast<std::uint16_t>(DistinctionOf(key).size())),
      contact_(static_cast<std::uint16_t>(contact.size())) {
  for (const std::string& element : path) path_ = static_cast<std::uint16_t>(path_ + element.size() + 1);
  octets_ = std::make_unique_for_overwrite<char[]>(std::size_t{aor_} + distinction_ + contact_ + path_);
  char* end = std::ranges::copy(key.aor, octets_.get()).out;
  end = std::ranges::copy(DistinctionOf(key), end).out;
  end = std::ranges::copy(contact, end).out;
  for (const std::string& element : path) {
    end = std::ranges::copy(element, end).out;
    *end++ = '\n';
  }
}

std::vector<std::string> BindingText::Path() const {
  std::vector<std::string> path;
  std::string_view left(octets_.get() + aor_ + distinction_ + contact_, path_);
  while (!left.empty()) {
    const std::size_t end = left.find('\n');
    path.emplace_back(left.substr(0, end));
    left.remove_prefix(end + 1);
  }
  return path;
}

std::size_t TextOctets(const BindRequest& request) {
  std::size_t octets = request.key.aor.size() + DistinctionOf(request.key).size() + request.contact.size();
  for (const std::string& element : request.path) octets += element.size() + 1;
  return octets;
}

bool HasControlCharacter(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char character) { return character < 0x20 || character == 0x7F; });
}

}  // namespace flowbroker::bindings
