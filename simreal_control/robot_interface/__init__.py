"""What a task and a robot say to each other: inputs, commands, results; one command at a time.

In ROS: goals of a robot's actions, whatever they are for.

Public: `robot.Robot`, `task_io.Inputs`, `task_io.Outputs`, `command_dispatcher.CommandDispatcher`,
`joint_state_buffer.JointStateBuffer`, `standstill.Standstill`, `ros_action_goals.ActionGoals`.
"""
