//! The class names under which MI's inbound endpoints log.

pub(super) const ENDPOINT: &str = "org.apache.synapse.inbound.InboundEndpoint";
pub(super) const MANAGER: &str = "org.wso2.carbon.inbound.endpoint.protocol.http.management.HTTPEndpointManager";
pub(super) const PROCESSOR: &str = "org.wso2.carbon.inbound.endpoint.common.InboundRequestProcessorImpl";
pub(super) const FILE: &str = "org.wso2.carbon.inbound.endpoint.protocol.file.VFSProcessor";
pub(super) const POLLER: &str = "org.wso2.carbon.inbound.endpoint.protocol.file.FilePollingConsumer";
pub(super) const INJECTOR: &str = "org.wso2.carbon.inbound.endpoint.protocol.file.FileInjectHandler";
