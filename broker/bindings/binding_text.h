#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/bindings/binding.h"

namespace flowbroker::bindings {

/// All texts of a binding in one piece of memory: a million times four strings would be a gigabyte. The Path is in it
/// too: with flow tokens in it, it is different for nearly every flow, so that sharing would cost more than it saves.
class BindingText {
 public:
  /// @pre the texts together have less than 65,536 octets and hold no line feed
  BindingText(const BindingKey& key, std::string_view contact, const std::vector<std::string>& path);

  std::string_view aor() const { return {octets_.get(), aor_}; }
  std::string_view distinction() const { return {octets_.get() + aor_, distinction_}; }  ///< instance-id or contact URI
  std::string_view contact() const { return {octets_.get() + aor_ + distinction_, contact_}; }
  std::vector<std::string> Path() const;

  void Clear() { *this = BindingText(); }  ///< gives the memory back

 private:
  BindingText() = default;

  std::unique_ptr<char[]> octets_;
  std::uint16_t aor_ = 0;
  std::uint16_t distinction_ = 0;
  std::uint16_t contact_ = 0;
  std::uint16_t path_ = 0;  // elements, each with a line feed behind it
};

/// What tells a binding apart from others of its AOR, beside its reg-id.
inline std::string_view DistinctionOf(const BindingKey& key) {
  return key.instance_id ? std::string_view(key.instance_id->text()) : std::string_view(key.contact_uri);
}

/// Of all the texts in the request that BindingText would hold, with one for each element of the path.
std::size_t TextOctets(const BindRequest& request);

/// Whether a text could end a header field and begin another: nothing that may do so is kept, as what is kept ends up
/// in SIP messages again.
bool HasControlCharacter(std::string_view text);

}  // namespace flowbroker::bindings
