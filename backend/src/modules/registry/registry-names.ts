import { LABELS } from '#src/common/labels.js';

/**
 * Names of the built-in registry's objects in the Engine. On every node, the door is the proxy on the loopback, and the
 * relay is the proxy into the registry's overlay.
 */
export const REGISTRY_SERVICE = 'berth_registry';
export const RELAY_SERVICE = 'berth_registry_relay';
export const DOOR_SERVICE = 'berth_registry_door';
export const COLLECTOR_SERVICE = 'berth_registry_collector';
/** Overlay of the registry and the relays only. */
export const REGISTRY_NETWORK = 'berth_registry';
/** Volume of the images. */
export const REGISTRY_VOLUME = 'berth_registry';
/** In-memory volume on every node, for the socket between door and relay. */
export const SOCKET_VOLUME = 'berth_registry_socket';
/** Label of the registry's configs and secrets. */
export const REGISTRY_FILES = { [LABELS.registry]: 'config' };
