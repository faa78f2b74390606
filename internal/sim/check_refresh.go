package sim

// refreshCheck holds "refresh".
type refreshCheck struct{ world *World }

func (k *refreshCheck) asked(s *session) {
	switch {
	case s.asking != nil:
		k.world.violate("refresh", "credentials are asked for while they are being asked for")
	case !s.config.CanRefresh:
		k.world.violate("refresh", "credentials are asked for where nobody can be asked")
	}
}
