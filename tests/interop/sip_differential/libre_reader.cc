#include "tests/interop/sip_differential/libre_reader.h"

#include <re.h>

#include <memory>

namespace flowbroker::interop {
namespace {

struct Dereference {
  void operator()(void* object) const { mem_deref(object); }
};

std::string Text(const pl& view) {
  return view.p == nullptr ? std::string() : std::string(view.p, view.l);
}

int KeepParameter(const pl* name, const pl* value, void* uri) {
  static_cast<LibreUri*>(uri)->parameters.emplace_back(Text(*name), Text(*value));
  return 0;
}

}  // namespace

std::optional<LibreUri> ReadUriWithLibre(std::string_view text) {
  const pl view{text.data(), text.size()};
  uri decoded{};
  if (uri_decode(&decoded, &view) != 0) return std::nullopt;
  LibreUri result;
  result.scheme = Text(decoded.scheme);
  result.user = Text(decoded.user);
  result.host = Text(decoded.host);
  result.port = decoded.port;
  uri_params_apply(&decoded.params, KeepParameter, &result);
  result.headers = Text(decoded.headers);
  return result;
}

std::optional<LibreMessage> ReadMessageWithLibre(std::string_view message) {
  const std::unique_ptr<mbuf, Dereference> buffer(mbuf_alloc(message.size() + 1));
  for (const char c : message) mbuf_write_u8(buffer.get(), static_cast<std::uint8_t>(c));
  buffer->pos = 0;
  sip_msg* raw = nullptr;
  if (sip_msg_decode(&raw, buffer.get()) != 0) return std::nullopt;
  const std::unique_ptr<sip_msg, Dereference> decoded(raw);
  LibreMessage result;
  result.is_request = decoded->req;
  result.status_code = decoded->scode;
  result.method = Text(decoded->req ? decoded->met : decoded->cseq.met);
  result.request_uri = Text(decoded->ruri);
  result.call_id = Text(decoded->callid);
  result.via = Text(decoded->via.val);
  result.via_branch = Text(decoded->via.branch);
  result.content_length = Text(decoded->clen);
  result.header_bytes = buffer->pos;
  return result;
}

}  // namespace flowbroker::interop
