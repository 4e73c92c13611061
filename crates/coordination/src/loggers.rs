//! The names of MI's loggers: the console shows the last part, log4j2.properties sets levels by the whole.

pub(crate) const STRATEGY: &str = "org.wso2.micro.integrator.coordination.RDBMSCoordinationStrategy";
pub(crate) const MEMBER_EVENTS: &str = "org.wso2.micro.integrator.coordination.RDBMSMemberEventListenerTask";
pub(crate) const COORDINATOR: &str = "org.wso2.micro.integrator.coordination.ClusterCoordinator";
pub(crate) const TASKS: &str = "org.wso2.micro.integrator.ntask.core.internal.TasksDSComponent";
pub(crate) const SCHEDULE_MANAGER: &str =
    "org.wso2.micro.integrator.ntask.core.internal.CoordinatedTaskScheduleManager";
pub(crate) const TASK_MANAGER: &str = "org.wso2.micro.integrator.ntask.core.impl.AbstractQuartzTaskManager";
pub(crate) const TASK_SCHEDULER: &str =
    "org.wso2.micro.integrator.ntask.coordination.task.scheduler.CoordinatedTaskScheduler";
pub(crate) const ROUND_ROBIN: &str = "org.wso2.micro.integrator.ntask.coordination.task.resolver.RoundRobinResolver";
pub(crate) const TASK_NODES: &str = "org.wso2.micro.integrator.ntask.coordination.task.resolver.TaskNodeResolver";
