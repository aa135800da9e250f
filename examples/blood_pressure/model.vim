# Blood pressure by weight, both with gaps. Shows: missing values imputed by the statements of their columns.

## weight at the mean height
usual_weight ~ Normal(70, 20)
growth       ~ Normal(0, 2)
spread       ~ HalfNormal(20)
weight       ~ Normal(usual_weight + growth * center(height), spread)

## pressure at 74 kg
usual    ~ Normal(120, 20)
slope    ~ Normal(0, 2)
sigma    ~ HalfNormal(20)
pressure ~ Normal(usual + slope * (weight - 74), sigma)
