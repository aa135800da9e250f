# Acceleration of a head in a crash: hinges at knots bend the curve, and those of its log spread.

knots         = seq(-0.8, 0.8, length = 6)
hinge         = relu(outer(times, ones(6)) - outer(ones(len(times)), knots))
base          ~ StudentT(3, -13, 36)
slope         ~ Normal(0, 100)
bend_sd       ~ HalfStudentT(3, 36)
bend[6]       ~ Normal(0, bend_sd)
log_noise     ~ StudentT(3, 0, 10)
noise_slope   ~ Normal(0, 10)
noise_bend_sd ~ HalfStudentT(3, 3)
noise_bend[6] ~ Normal(0, noise_bend_sd)
accel         ~ Normal(
  base + slope * times + hinge @ bend,
  exp(log_noise + noise_slope * times + hinge @ noise_bend),
)
