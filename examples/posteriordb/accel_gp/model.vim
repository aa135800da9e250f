# Acceleration of a head in a crash: a smooth curve with a smooth spread, both from few waves.

waves = seq(1, 8)
phi   = sin(outer(times + 1.5, waves) * pi / 3) / sqrt(1.5)
fn weight(sd, length) = sd * sqrt(sqrt(2 * pi) * length) * exp(-(length * pi * waves / 3)^2 / 4)
level        ~ StudentT(3, -13, 36)
height       ~ HalfStudentT(3, 36)
length       ~ InverseGamma(3, 1)
z[8]         ~ Normal(0, 1)
log_noise    ~ StudentT(3, 0, 10)
noise_height ~ HalfStudentT(3, 3)
noise_length ~ InverseGamma(3, 1)
noise_z[8]   ~ Normal(0, 1)
accel        ~ Normal(
  level + phi @ (weight(height, length) * z),
  exp(log_noise + phi @ (weight(noise_height, noise_length) * noise_z)),
)
