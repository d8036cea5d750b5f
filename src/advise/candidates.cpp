// Owns which scenarios are tried, and with which arguments.
// Refuses to try them.
#include <array>

#include "roofline/advise/advise.hpp"

namespace roofline::advise {

// Arguments are the usual first step of each idea: a user goes on from there with --scenario.
std::span<const Candidate> candidates() {
  static constexpr std::array kAll = {
      Candidate{"batch:8", "batch"},
      Candidate{"graphs", ""},
      Candidate{"fuse", ""},
      Candidate{"tile", ""},
      Candidate{"winograd", ""},
      Candidate{"reparameterize", ""},
      Candidate{"precision:tf32", "precision"},
      Candidate{"precision:fp16", "precision"},
      Candidate{"precision:bf16", "precision"},
      Candidate{"precision:fp8", "precision"},
      Candidate{"precision:int8", "precision"},
      Candidate{"weights:int8", "weights"},
      Candidate{"weights:int4", "weights"},
      Candidate{"round-channels:8", "channels"},
      Candidate{"sparsity:2:4", "sparsity"},
      Candidate{"prune:0.3", "pruning"},
      Candidate{"low-rank:0.25", "low-rank"},
      Candidate{"depthwise", "convolution"},
      Candidate{"bottleneck:0.25", "convolution"},
  };
  return kAll;
}

}  // namespace roofline::advise
