"""Occupied space from depth images: what stands in the workspace, and what moves about in it.

Public: `depth_config.DepthConfig`, `occupancy_grid.OccupancyGrid`, `workspace_watch.WorkspaceWatch`,
`occupied_boxes.boxes_of`.
"""
