#include "broker/history/failure_meaning.h"

#include <gtest/gtest.h>

namespace flowbroker::history {
namespace {

TEST(FailureMeaningTest, OnlySilenceIsSlowToFindOut) {
  EXPECT_FALSE(IsQuick(MeaningOf(FailureReason::kOvertaken)));
  EXPECT_FALSE(IsQuick(MeaningOf(FailureReason::kTlsTimedOut)));
  EXPECT_TRUE(IsQuick(MeaningOf(FailureReason::kRefused)));
  EXPECT_TRUE(IsQuick(MeaningOf(FailureReason::kHostUnreachable)));
  EXPECT_TRUE(IsQuick(MeaningOf(FailureReason::kNetworkUnreachable)));
}

TEST(FailureMeaningTest, AnAnswerFromTheHostIsNoReasonToSuspectItsNeighbours) {
  EXPECT_FALSE(SuspectsPrefix(MeaningOf(FailureReason::kRefused)));
  EXPECT_FALSE(SuspectsPrefix(MeaningOf(FailureReason::kReset)));
  EXPECT_FALSE(SuspectsPrefix(MeaningOf(FailureReason::kTlsHandshakeFailed)));
  EXPECT_FALSE(SuspectsPrefix(MeaningOf(FailureReason::kCertificateMismatch)));
  EXPECT_TRUE(SuspectsPrefix(MeaningOf(FailureReason::kTimedOut)));
  EXPECT_TRUE(SuspectsPrefix(MeaningOf(FailureReason::kHostUnreachable)));
  EXPECT_TRUE(SuspectsPrefix(MeaningOf(FailureReason::kNetworkUnreachable)));
}

TEST(FailureMeaningTest, WhatTheCallerDnsOrBrokerDidSaysNothingOfAPath) {
  for (const FailureReason reason : {FailureReason::kCancelled, FailureReason::kDeadlineExceeded,
                                     FailureReason::kNoSuchName, FailureReason::kLostRace, FailureReason::kInternal}) {
    EXPECT_EQ(MeaningOf(reason), FailureMeaning::kNothing) << ToString(reason);
  }
}

}  // namespace
}  // namespace flowbroker::history
