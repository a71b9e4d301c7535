"""What `simreal calibrate` does: a board to print, a camera, a camera's place at an arm.

Public: `print_board.run`, `camera.run`, `hand_eye.run`.
"""
