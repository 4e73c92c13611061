//! The names of MI's loggers: the console shows the last part, log4j2.properties sets levels by the whole.

pub(crate) const TASK_MANAGER: &str = "org.wso2.micro.integrator.ntask.core.impl.AbstractQuartzTaskManager";
pub(crate) const NTASK: &str = "org.wso2.micro.integrator.mediation.ntask.NTaskTaskManager";
pub(crate) const SCHEDULED: &str = "org.wso2.micro.integrator.ntask.core.impl.standalone.ScheduledTaskManager";
pub(crate) const JOB: &str = "org.wso2.micro.integrator.ntask.core.impl.TaskQuartzJobAdapter";
