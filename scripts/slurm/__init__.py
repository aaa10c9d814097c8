"""The array job for Slurm, and its proof on a Slurm of one node."""
