# Everything but a GPU, for those who work on this repository; without ROS 2. Not tried yet:
#   docker build -f docker/development.Dockerfile --build-arg PYTHON=3.12 -t simreal-development .
#   docker run --rm -it -v "$PWD/out:/simreal/out" simreal-development make demo
ARG PYTHON=3.12
FROM python:${PYTHON}-slim

# g++ for PyBullet, which has no wheel from Python 3.12 on; git for the records of a training run.
# hadolint ignore=DL3008
RUN apt-get update && \
    apt-get install --yes --no-install-recommends g++ git make && \
    rm -rf /var/lib/apt/lists/*

WORKDIR /simreal
COPY . .
# PyTorch for the CPU: TORCH names another build, see the Makefile.
ARG TORCH=torch==2.13.0
RUN make .venv/.tests TORCH="$TORCH"

CMD ["make", "test"]
