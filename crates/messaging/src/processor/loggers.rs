//! The class names under which MI's message processors log.

pub(super) const PROCESSOR: &str = "org.apache.synapse.message.processor.impl.ScheduledMessageProcessor";
pub(super) const FORWARDING: &str = "org.apache.synapse.message.processor.impl.forwarder.ForwardingService";
pub(super) const SAMPLING: &str = "org.apache.synapse.message.processor.impl.sampler.SamplingService";
pub(super) const FAILOVER: &str = "org.apache.synapse.message.processor.impl.failover.FailoverForwardingService";
