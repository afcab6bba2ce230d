#pragma once

#include <cstddef>
#include <string>
#include <vector>

/// Valid input, our own text, in the spirit of RFC 4475 (torture), RFC 5118 (IPv6) and RFC 3261 s.19.1.3, s.24.
namespace flowbroker::interop {

/// Some thousand valid SIP and SIPS URIs: every combination of a few kinds of each part, and single odd ones.
std::vector<std::string> ValidUris();

/// `count` URIs made of random characters of the grammar, without the constructs in which libre is known to differ.
std::vector<std::string> RandomUris(unsigned seed, std::size_t count);

/// Some thousand valid messages: every combination of start line, field form, Via form, order and body, and single odd
/// ones.
std::vector<std::string> ValidMessages();

}  // namespace flowbroker::interop
