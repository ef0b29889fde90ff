"""Where are things kept? SQL stands here and nowhere else."""
