"""What drives hands, as robots offer it: an action of a controller, or a switch; a module each.

Public: `ros_registry.DRIVERS`, `ros_hand_driver.HandDriver`, `hand_connection.HandConnection`.
"""
