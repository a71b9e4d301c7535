# Perception and control on ROS 2, for a robot. Built from the repository's root; not tried yet:
#   docker build -f docker/robot.Dockerfile --build-arg ROS_DISTRO=jazzy -t simreal-robot .
#   docker run --rm -it --network host --ipc host -v "$PWD/my_arm.yaml:/my_arm.yaml" simreal-robot \
#     ros2 launch simreal robot.launch.xml edge:=0.04 robot:=/my_arm.yaml plan_only:=true
# The steps are those of doc/operating.md, which says what each is for.
ARG ROS_DISTRO=jazzy
FROM ros:${ROS_DISTRO}-ros-base

SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /workspace

COPY package.xml src/simreal/
COPY simreal_interfaces/package.xml src/simreal/simreal_interfaces/
# g++ and CMake for what has no wheel on this processor: on aarch64 that is Ruckig.
# hadolint ignore=DL3008
RUN . "/opt/ros/$ROS_DISTRO/setup.bash" && \
    apt-get update && \
    apt-get install --yes --no-install-recommends cmake g++ python3-dev python3-venv && \
    rosdep update && \
    rosdep install --from-paths src/simreal src/simreal/simreal_interfaces --ignore-src --yes \
      -t exec -t build -t buildtool --skip-keys "pinocchio python3-onnxruntime-pip" && \
    rm -rf /var/lib/apt/lists/*

COPY . src/simreal
RUN . "/opt/ros/$ROS_DISTRO/setup.bash" && \
    python3 -m venv --system-site-packages venv && touch venv/COLCON_IGNORE && \
    . venv/bin/activate && \
    python3 -m pip install --no-cache-dir 'src/simreal[control,film]' 'coverage>=7.6.1' && \
    python3 -m colcon build --base-paths src/simreal src/simreal/simreal_interfaces

ENTRYPOINT ["/bin/bash", "-c", ". /workspace/venv/bin/activate && . /workspace/install/setup.bash && exec \"$@\"", "--"]
CMD ["ros2", "launch", "simreal", "robot.launch.xml", "--show-args"]
